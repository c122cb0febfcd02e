// The command line, called as a person would call it: a process of its own with nothing but the stack's environment.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../../domain/errors.js';
import { packageFolder } from '../folders.js';

export interface CommandLine {
  /** Returns what `--json` printed last. Throws with the last words of a command that failed. */
  run(args: readonly string[]): Promise<unknown>;
}

const MAIN = join('dist', 'src', 'cli', 'main.js');
const LAST_WORDS = 5;
/** The exit status of a command that found a server not answering, and asks to be tried again. */
const TRY_AGAIN = 4;
const ATTEMPTS = 5;
const PAUSE_MS = 1_000;

export function commandLine(environment: NodeJS.ProcessEnv, signal: AbortSignal): CommandLine {
  return {
    async run(args) {
      for (let attempt = 1; ; attempt += 1) {
        const { status, stdout, stderr } = await runOnce(args, environment, signal);
        if (status === 0) {
          const lastLine = stdout.trim().split('\n').at(-1) ?? '';
          return lastLine === '' ? undefined : JSON.parse(lastLine);
        }
        if (status !== TRY_AGAIN || attempt >= ATTEMPTS) {
          const words = stderr.trim().split('\n').slice(-LAST_WORDS).join('\n');
          throw new BlocklistError('CONFLICT', `blocklist ${args[0] ?? ''} failed (${status}):\n${words}`);
        }
        await sleep(PAUSE_MS, undefined, { signal });
      }
    },
  };
}

interface Ended {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function runOnce(args: readonly string[], environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Ended> {
  const child = spawn(process.execPath, [join(packageFolder(), MAIN), ...args, '--json'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, killedBy) => resolve({ status: code ?? killedBy ?? 'killed', stdout, stderr }));
  });
}
