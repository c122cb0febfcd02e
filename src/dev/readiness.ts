// Waiting for a program to serve.
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../domain/errors.js';
import { lastLines, type RunningProgram } from './program.js';

const READY_WITHIN_MS = 60_000;

/** Returns when the program is ready; throws when it ends before, or takes too long. */
export async function untilReady(running: RunningProgram, isReady: () => Promise<boolean>): Promise<void> {
  const { name, logFile } = running.program;
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!running.hasExited) {
    if (await isReady()) return;
    if (Date.now() > deadline) {
      await running.stop();
      throw new BlocklistError(
        'CONFIGURATION',
        `${name} was not ready within ${READY_WITHIN_MS / 1000} s, see ${logFile}`,
      );
    }
    await Promise.race([running.exited, sleep(50)]);
  }
  const how = await running.exited;
  throw new BlocklistError(
    'CONFIGURATION',
    `${name} ended before it was ready (${how}), see ${logFile}:\n${lastLines(logFile)}`,
  );
}

/** True when the address answers with a success status. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** Returns when it is done, or when the time is over. */
export async function until(isDone: () => boolean, limitMs: number): Promise<void> {
  for (const deadline = Date.now() + limitMs; !isDone() && Date.now() < deadline;) await sleep(50);
}
