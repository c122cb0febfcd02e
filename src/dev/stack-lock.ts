// One stack per project: a lock file that names its owner, so that the lock of a dead process is recognised.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { processStart } from './process-liveness.mjs';

const lockOwner = z.object({ pid: z.number(), start: z.string() });

export interface StackLock {
  release(): void;
}

/** The lock, or the pid of the live process that holds it. */
export function lockStack(cacheDir: string): StackLock | { readonly heldBy: number } {
  mkdirSync(cacheDir, { recursive: true });
  const file = join(cacheDir, 'stack.lock');
  const own = JSON.stringify({ pid: process.pid, start: processStart(process.pid) });
  for (;;) {
    try {
      writeFileSync(file, own, { flag: 'wx', mode: 0o600 });
      return { release: () => readText(file) === own && rmSync(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const found = readText(file);
    const owner = parseOwner(found);
    if (owner !== undefined && processStart(owner.pid) === owner.start) return { heldBy: owner.pid };
    if (found !== undefined) removeStale(file, found);
  }
}

/** Two starts may see the same dead lock: the slower one must not remove the new lock of the faster one. */
function removeStale(file: string, stale: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readText(aside) !== stale) linkSync(aside, file);
  } catch (error) {
    if (!['ENOENT', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function parseOwner(text: string | undefined): z.infer<typeof lockOwner> | undefined {
  try {
    return lockOwner.parse(JSON.parse(text ?? ''));
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
