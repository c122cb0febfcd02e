// One program of the embedded stack as an operating system process: started in a group of its own, output in a log file,
// stopped politely first and then for good.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BlocklistError } from '../domain/errors.js';
import type { Guard } from './guard.js';
import { signalGroup } from './process-liveness.mjs';

const SUCCESS = 'exit status 0';
const MAX_LOG_BYTES = 10 * 1024 * 1024;

/** The account to run as, where it is not ours. */
export interface PosixUser {
  readonly uid: number;
  readonly gid: number;
}

export type StopSignal = 'SIGTERM' | 'SIGINT';

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Asks it to end in good order. */
  readonly stopSignal: StopSignal;
  readonly graceMs: number;
  /** Higher ranks are stopped first. */
  readonly rank: number;
  readonly user?: PosixUser | undefined;
  /** How often the first start is tried before it counts as failed; default once. */
  readonly startAttempts?: number;
}

export class RunningProgram {
  /** Settles when the process has ended, with words that say how. */
  readonly exited: Promise<string>;
  #hasExited = false;

  private constructor(
    readonly program: Program,
    readonly pid: number,
    child: ChildProcess,
    guard: Guard,
  ) {
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#hasExited = true;
        // Whatever it started and left behind in its group goes with it.
        signalGroup(pid, 'SIGKILL');
        guard.forget(pid);
        resolve(signal === null ? `exit status ${code}` : `signal ${signal}`);
      });
    });
  }

  static async start(program: Program, guard: Guard): Promise<RunningProgram> {
    const log = openLog(program.logFile);
    try {
      const child = spawn(program.command, program.args, {
        // The data and the checkout may lie where the other user cannot go; the root folder is open to all.
        cwd: program.user === undefined ? process.cwd() : '/',
        detached: true,
        env: program.env,
        stdio: ['ignore', log, log],
        ...program.user,
      });
      if (child.pid !== undefined) {
        const { rank, stopSignal: signal, graceMs } = program;
        guard.watch({ pid: child.pid, rank, signal, graceMs });
        return new RunningProgram(program, child.pid, child, guard);
      }
      const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
      throw new BlocklistError('CONFIGURATION', `${program.name} could not be started: ${cause.message}`, { cause });
    } finally {
      closeSync(log);
    }
  }

  get hasExited(): boolean {
    return this.#hasExited;
  }

  async stop(): Promise<void> {
    if (this.#hasExited) return;
    signalGroup(this.pid, this.program.stopSignal);
    const timer = setTimeout(() => this.kill(), this.program.graceMs);
    await this.exited;
    clearTimeout(timer);
  }

  kill(): void {
    if (!this.#hasExited) signalGroup(this.pid, 'SIGKILL');
  }
}

/** For programs that end by themselves; anything but success is an error with their last words. */
export async function runToEnd(program: Program, guard: Guard): Promise<void> {
  const how = await (await RunningProgram.start(program, guard)).exited;
  if (how === SUCCESS) return;
  const { name, logFile } = program;
  throw new BlocklistError('CONFIGURATION', `${name} failed (${how}), see ${logFile}:\n${lastLines(logFile)}`);
}

/** The end of a log, for the error that names it. */
export function lastLines(logFile: string, count = 12): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}

function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > MAX_LOG_BYTES) renameSync(file, `${file}.1`);
  return openSync(file, 'a', 0o600);
}
