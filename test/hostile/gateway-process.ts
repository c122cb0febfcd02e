// The gateway as a process of its own, so that what it needs of memory can be seen from outside.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
/** The same file from where the compiled benchmark stands. */
const COMPILED_MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface GatewayProcess {
  readonly url: string;
  readonly port: number;
  /** False once it has ended, whatever ended it. */
  isAlive(): boolean;
  residentMegabytes(): number;
  stop(): Promise<void>;
}

export async function startGatewayProcess(env: NodeJS.ProcessEnv): Promise<GatewayProcess> {
  const main = import.meta.url.includes('/dist/') ? COMPILED_MAIN : MAIN;
  const child = spawn(process.execPath, [main, 'gateway'], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      if (said.length < 100_000) said += chunk.toString();
      const found = /"port":(\d+)/.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    void ended.then(() => reject(new Error(`the gateway ended: ${said.slice(-2_000)}`)));
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    residentMegabytes: () => {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
    },
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
