// The product as an installation runs it, for measuring: gateway, worker and sandbox as processes of their own with encrypted
// payloads, on a durable Postgres and a Temporal server that also has a namespace for what it is compared with.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { readConfig } from '../../src/config.js';
import { packageFolder } from '../../src/dev/folders.js';
import { Guard } from '../../src/dev/guard.js';
import { createDatabase } from '../../src/dev/postgres-databases.js';
import { lastLines, RunningProgram } from '../../src/dev/program.js';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { startStack, type Stack } from '../../src/dev/stack.js';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import { codecKeysOf, withCodec } from '../../src/plugin/data-converter.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';

/** Workflows that know nothing of the product, on workers of the same shape, their payloads encrypted with the same codec. */
export const BARE_NAMESPACE = 'bare';
/** Task queue of the team's own worker. */
export const TEAM_QUEUE = 'team';

export interface Installation {
  readonly stack: Stack;
  readonly storage: Storage;
  readonly connection: Connection;
  /** With the plugin, in the namespace of the product. */
  readonly client: Client;
  /** With its codec alone, in {@link BARE_NAMESPACE}. */
  readonly bareClient: Client;
  /** Run a script of this folder as a process that has the environment of the installation. */
  start(script: string): Promise<void>;
  close(): Promise<void>;
}

/** Payloads encrypted as everywhere in the installation. */
export function codecOf(environment: NodeJS.ProcessEnv): DataConverter {
  return withCodec(undefined, codecKeysOf(undefined, environment)) ?? {};
}

/** `environment`: settings of its processes besides their defaults. */
export async function startInstallation(environment: NodeJS.ProcessEnv = {}): Promise<Installation> {
  // Each of these closes what was opened, the last one first.
  const closers: (() => unknown)[] = [];
  let isClosing = false;
  const close = async (): Promise<void> => {
    isClosing = true;
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const servers = new ScratchServers();
    closers.push(() => servers.stop());
    const postgres = await servers.startPostgres({ isDurable: true });
    const temporal = await servers.startTemporal({ extraArgs: ['--namespace', BARE_NAMESPACE] });
    const cacheDir = mkdtempSync(join(tmpdir(), 'blocklist-bench-'));
    // Removes the folder also when this process is killed.
    const guard = new Guard();
    guard.removeAtEnd(cacheDir);
    closers.push(() => guard.close());
    closers.push(() => {
      rmSync(cacheDir, { recursive: true, force: true });
      guard.keep(cacheDir);
    });
    const stack = await startStack({
      cacheDir,
      env: {
        ...process.env,
        ...environment,
        BLOCKLIST_DATABASE_URL: await createDatabase(postgres.adminUrl, 'bench'),
        TEMPORAL_ADDRESS: temporal.address,
      },
      report: () => undefined,
      handlesSignals: false,
    });
    closers.push(() => stack.stop());
    const config = readConfig(stack.environment);
    const storage = await openStorage({ ...config, connections: 4, applicationName: 'bench' });
    closers.push(() => storage.close());
    const connection = await Connection.connect({ address: temporal.address });
    closers.push(() => connection.close());
    return {
      stack,
      storage,
      connection,
      client: new Client({
        connection,
        plugins: [new BlocklistPlugin({ codecKeys: codecKeysOf(undefined, stack.environment) })],
      }),
      bareClient: new Client({ connection, namespace: BARE_NAMESPACE, dataConverter: codecOf(stack.environment) }),
      async start(script) {
        const running = await RunningProgram.start(
          {
            name: script,
            command: process.execPath,
            args: [join(packageFolder(), 'dist', 'test', 'bench', `${script}.js`)],
            env: stack.environment,
            logFile: join(cacheDir, 'logs', `${script}.log`),
            stopSignal: 'SIGTERM',
            graceMs: 10_000,
            rank: 7,
          },
          guard,
        );
        closers.push(() => running.stop());
        // Nobody else would notice: what it was to serve only waits.
        void running.exited.then((how) => {
          if (!isClosing) throw new Error(`${script} has ended (${how}): ${lastLines(running.program.logFile)}`);
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
