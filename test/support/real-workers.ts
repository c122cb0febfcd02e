// The shared workers as the product composes them, in the test's own process: real activities, a database and a sandbox of
// the test's own, the ready workflows.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { readConfig } from '../../src/config.js';
import { openActivities } from '../../src/plugin/serve.js';
import { startSharedWorkers } from '../../src/plugin/shared-workers.js';
import { runSandbox, type RunningSandbox } from '../../src/providers/sandbox/run-sandbox.js';
import type { Storage } from '../../src/storage/storage.js';
import { createTestDatabase } from './servers.js';

export interface Surroundings {
  /** What a shared worker is told by its environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly sandbox: RunningSandbox;
  close(): Promise<void>;
}

/** A database and a sandbox. */
export async function openSurroundings(): Promise<Surroundings> {
  const database = await createTestDatabase({ migrated: true });
  const folder = mkdtempSync(join(tmpdir(), 'blocklist-test-'));
  const sandbox = await runSandbox({ logFile: join(folder, 'log.jsonl'), reportsShare: 0 });
  return {
    environment: {
      BLOCKLIST_DATABASE_URL: database.url,
      BLOCKLIST_HASH_KEY: 'hash-key-of-the-tests',
      BLOCKLIST_SANDBOX_URL: sandbox.url,
    },
    sandbox,
    async close() {
      await sandbox.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface RealWorkersOptions {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly codecKeys: string;
  readonly identity: string;
}

export interface RealWorkers {
  readonly storage: Storage;
  close(): Promise<void>;
}

export async function startRealWorkers(
  environment: Surroundings['environment'],
  { client, connection, namespace, codecKeys, identity }: RealWorkersOptions,
): Promise<RealWorkers> {
  const opened = await openActivities(readConfig(environment), { client });
  const workers = await startSharedWorkers({
    activities: opened.single,
    bulkActivities: opened.bulk,
    connection,
    namespace,
    codecKeys: codecKeys === '' ? [] : codecKeys,
    workerOptions: { identity, shutdownGraceTime: '1 s' },
  });
  const running = workers.run();
  return {
    storage: opened.storage,
    async close() {
      workers.shutdown();
      await running;
      await opened.close();
    },
  };
}
