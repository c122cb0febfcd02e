// Starts the worker of the example flows beside the demo, and stops it whatever state it is in.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync, closeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BlocklistError } from '../../domain/errors.js';

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), 'flow-worker.js');
/** Time to give running tasks back; the server may be on its way down as well. */
const GRACE_MS = 3_000;

export interface FlowWorker {
  /** Resolves when it polls. @throws BlocklistError naming the log that says why it does not. */
  readonly ready: Promise<void>;
  stop(): Promise<void>;
}

export function startFlowWorker(environment: NodeJS.ProcessEnv, logFile: string): FlowWorker {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const child = fork(SCRIPT, { env: environment, stdio: ['ignore', log, log, 'ipc'] });
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const failed = exited.then(() => {
    throw new BlocklistError('CONFLICT', `the worker of the example flows ended before it worked, see ${logFile}`);
  });
  const ready = Promise.race([once(child, 'message').then(() => undefined), failed]);
  // Stopped before it was ready: nobody waits any more.
  ready.catch(() => undefined);
  return { ready, stop: () => stop(child, exited) };
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timeOut = new AbortController();
  const killed = sleep(GRACE_MS, undefined, { signal: timeOut.signal }).then(
    () => child.kill('SIGKILL'),
    () => false,
  );
  await exited;
  timeOut.abort();
  await killed;
}
