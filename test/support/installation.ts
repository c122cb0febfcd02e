// A whole installation of a test's own, every part a process started from `dist` as in production, with a team's flows on top.
// Any of them can be stopped, killed and started again on the same port and data.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { readConfig } from '../../src/config.js';
import { packageFolder } from '../../src/dev/folders.js';
import { freePort } from '../../src/dev/ports.js';
import { createDatabase } from '../../src/dev/postgres-databases.js';
import { answersOk } from '../../src/dev/readiness.js';
import {
  ScratchServers,
  type ScratchPostgres,
  type ScratchServer,
  type ScratchTemporal,
} from '../../src/dev/scratch-servers.js';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import type { LoggedMessage } from '../../src/providers/sandbox/log-line.js';
import { migrate } from '../../src/storage/migrate.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import { flowsBundle, installRuntime, TEAM_QUEUE } from './team.js';

/** The `blocklist` command. */
export const MAIN = join(packageFolder(), 'dist', 'src', 'cli', 'main.js');
const WEBHOOK_SECRET = 'webhook-secret-of-the-tests';

export interface Service extends ScratchServer {
  readonly url: string;
  /** What it has written so far. */
  output(): string;
}

export interface ReplySpec {
  readonly from: string;
  readonly text: string;
  readonly messageId: string;
}

type ServiceName = 'sandbox' | 'gateway' | 'worker';

const PORT_VARIABLES = {
  sandbox: 'BLOCKLIST_SANDBOX_PORT',
  gateway: 'BLOCKLIST_PORT',
  worker: 'BLOCKLIST_METRICS_PORT',
} as const;

export class Installation {
  readonly #servers: ScratchServers;
  readonly #folder: string;
  readonly #closers: (() => Promise<void>)[] = [];

  private constructor(
    readonly postgres: ScratchPostgres,
    readonly temporal: ScratchTemporal,
    readonly environment: NodeJS.ProcessEnv,
    readonly storage: Storage,
    opened: { readonly servers: ScratchServers; readonly folder: string },
  ) {
    this.#servers = opened.servers;
    this.#folder = opened.folder;
  }

  readonly services = {} as Record<ServiceName, Service>;
  client!: Client;

  static async open(): Promise<Installation> {
    const servers = new ScratchServers();
    const folder = mkdtempSync(join(tmpdir(), 'installation-'));
    try {
      const [postgres, temporal] = await Promise.all([
        servers.startPostgres({ isDurable: true }),
        servers.startTemporal({ isDurable: true }),
      ]);
      const databaseUrl = await createDatabase(postgres.adminUrl, 'installation');
      await migrate(databaseUrl);
      const ports = { sandbox: await freePort(), gateway: await freePort(), worker: await freePort() };
      const environment = {
        PATH: process.env['PATH'],
        HOME: folder,
        BLOCKLIST_DATABASE_URL: databaseUrl,
        BLOCKLIST_HASH_KEY: 'hash-key-of-the-tests',
        BLOCKLIST_WEBHOOK_SECRET: WEBHOOK_SECRET,
        BLOCKLIST_SANDBOX_URL: `http://127.0.0.1:${ports.sandbox}`,
        BLOCKLIST_SANDBOX_LOG: join(folder, 'messages.jsonl'),
        BLOCKLIST_GATEWAY_URL: `http://127.0.0.1:${ports.gateway}`,
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: 'default',
      };
      const { hashKey } = readConfig(environment);
      const storage = await openStorage({ databaseUrl, hashKey, connections: 4 });
      const installation = new Installation(postgres, temporal, environment, storage, { servers, folder });
      installation.#closers.push(() => storage.close());
      await installation.#start('sandbox', ports.sandbox, '/healthz');
      await Promise.all([
        installation.#start('gateway', ports.gateway, '/readyz'),
        installation.#start('worker', ports.worker, '/readyz'),
        installation.#startTeam(),
      ]);
      return installation;
    } catch (error) {
      await servers.stop();
      throw error;
    }
  }

  start(flow: string, workflowId: string, args: readonly unknown[]): Promise<WorkflowHandle> {
    return this.client.workflow.start(flow, { taskQueue: TEAM_QUEUE, workflowId, args: [...args] });
  }

  async contact(phone: string): Promise<{ readonly id: string }> {
    const { rootId } = await this.storage.accounts.get();
    const [id] = await this.storage.contacts.resolve(rootId, [{ kind: 'phone', value: phone }]);
    return { id: id ?? '' };
  }

  /** One delivery of a reply by the provider; 0 when nobody answered. */
  async deliver({ from, text, messageId }: ReplySpec): Promise<number> {
    const result = { messageId, from, to: '10950', channel: 'SMS', text, receivedAt: new Date().toISOString() };
    try {
      const response = await fetch(`${this.services.gateway.url}/inbound/sandbox/sms`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-webhook-secret': WEBHOOK_SECRET },
        body: JSON.stringify({ results: [result] }),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }

  /** Everything the sandbox has ever accepted: the judge. */
  messages(): readonly LoggedMessage[] {
    const text = readFileSync(join(this.#folder, 'messages.jsonl'), 'utf8');
    // The last line may be just being written.
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LoggedMessage);
  }

  async faults(rules: readonly object[]): Promise<void> {
    const response = await fetch(`${this.services.sandbox.url}/faults`, {
      method: rules.length === 0 ? 'DELETE' : 'POST',
      ...(rules.length === 0 ? {} : { body: JSON.stringify({ rules }) }),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    await this.#servers.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #start(name: ServiceName, port: number, readyPath: string): Promise<void> {
    const url = `http://127.0.0.1:${port}`;
    const logFile = join(this.#folder, `${name}.log`);
    const server = await this.#servers.start(
      {
        name,
        command: process.execPath,
        args: [MAIN, name],
        env: { ...this.environment, [PORT_VARIABLES[name]]: String(port) },
        logFile,
        stopSignal: 'SIGTERM',
        graceMs: 30_000,
        rank: 3,
      },
      () => answersOk(url + readyPath),
    );
    this.services[name] = Object.defineProperties(server, {
      url: { value: url },
      output: { value: () => readFileSync(logFile, 'utf8') },
    }) as Service;
  }

  /** The team's worker lives in the test's own process, without any secret. */
  async #startTeam(): Promise<void> {
    installRuntime();
    const { address } = this.temporal;
    const plugins = [new BlocklistPlugin({ codecKeys: [] })];
    const connection = await Connection.connect({ address });
    this.#closers.push(() => connection.close());
    this.client = new Client({ connection, plugins });
    const native = await NativeConnection.connect({ address });
    const worker = await Worker.create({
      connection: native,
      taskQueue: TEAM_QUEUE,
      workflowBundle: await flowsBundle(),
      plugins,
    });
    const running = worker.run();
    this.#closers.push(async () => {
      worker.shutdown();
      await running;
      await native.close();
    });
  }
}
