// `npm start` as a person, a service manager or a test harness stops it: by a signal to npm, the process they know.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packageFolder } from '../src/dev/folders.js';
import { stackStatus } from '../src/dev/stack-state.js';
import { allGone } from './support/test-stack.js';

let cacheDir: string;
let npm: ChildProcess;

beforeEach(() => {
  cacheDir = mkdtempSync(join(tmpdir(), 'npm-start-'));
});

afterEach(async () => {
  await allGone(stackStatus(cacheDir).map((part) => part.pid));
  rmSync(cacheDir, { recursive: true, force: true });
});

test.each(['SIGTERM', 'SIGKILL'] as const)('%s to npm ends the whole stack', { timeout: 180_000 }, async (signal) => {
  const pids = await startUnderNpm();

  npm.kill(signal);

  await allGone(pids);
});

/** The parts of a stack without the demo, as soon as it serves. */
async function startUnderNpm(): Promise<number[]> {
  npm = spawn('npm', ['start', '--', '--no-demo'], {
    cwd: packageFolder(),
    env: { ...process.env, BLOCKLIST_CACHE_DIR: cacheDir },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  npm.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  while (!said.includes('serving: ')) {
    if (npm.exitCode !== null) throw new Error(said);
    await sleep(100);
  }
  const parts = stackStatus(cacheDir);
  expect(parts.map((part) => part.name).sort()).toEqual(['gateway', 'postgres', 'sandbox', 'temporal', 'worker']);
  return parts.map((part) => part.pid);
}
