// A sandbox for tests: its log lies in a temporary folder that goes with it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LoggedMessage } from '../providers/sandbox/log-line.js';
import { runSandbox, type RunningSandbox, type SandboxOptions } from '../providers/sandbox/run-sandbox.js';

export interface TestSandbox extends RunningSandbox {
  /** What was really sent, in its order; only to one destination (international digits or an e-mail address) with `to`. */
  messages(to?: string): Promise<readonly LoggedMessage[]>;
}

/** More than a test sends. */
const PAGE = 50_000;

/** Without delivery reports, unless the options ask for them. */
export async function openTestSandbox(options: Omit<SandboxOptions, 'logFile'> = {}): Promise<TestSandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'blocklist-sandbox-'));
  const removeFolder = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const sandbox = await runSandbox({ reportsShare: 0, ...options, logFile: join(folder, 'messages.jsonl') });
    return {
      ...sandbox,
      async messages(to) {
        const query = new URLSearchParams({ limit: String(PAGE), ...(to === undefined ? {} : { to }) });
        const response = await fetch(`${sandbox.url}/messages?${query.toString()}`);
        return ((await response.json()) as { messages: LoggedMessage[] }).messages;
      },
      async close() {
        await sandbox.close();
        await removeFolder();
      },
    };
  } catch (error) {
    await removeFolder();
    throw error;
  }
}
