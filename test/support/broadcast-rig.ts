// What a broadcast needs, as processes of their own: a sandbox whose log is the judge, and workers that can be killed. They run
// from `dist`, as in production.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { packageFolder } from '../../src/dev/folders.js';
import type { BroadcastResult } from '../../workflows/broadcast.js';
import { TASK_QUEUES, WORKFLOW_TYPES } from '../../src/domain/names.js';
import type { LoggedMessage } from '../../src/providers/sandbox/log-line.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import type { BroadcastWorkerOptions } from './broadcast-worker.js';

export const RIG_HASH_KEY = Buffer.alloc(32, 7);
const DIST = join(packageFolder(), 'dist');

export interface RigOptions {
  readonly databaseUrl: string;
  readonly address: string;
  readonly namespace: string;
}

export class BroadcastRig {
  readonly #folder = mkdtempSync(join(tmpdir(), 'broadcast-rig-'));
  readonly #children = new Set<Child>();

  private constructor(
    private readonly options: RigOptions,
    readonly storage: Storage,
    readonly client: Client,
    readonly connection: Connection,
  ) {}

  sandboxUrl = '';

  static async open(options: RigOptions): Promise<BroadcastRig> {
    const storage = await openStorage({
      databaseUrl: options.databaseUrl,
      hashKey: RIG_HASH_KEY,
      connections: 5,
    });
    const connection = await Connection.connect({ address: options.address });
    const client = new Client({ connection, namespace: options.namespace, identity: 'test' });
    const rig = new BroadcastRig(options, storage, client, connection);
    await rig.#startSandbox();
    return rig;
  }

  /** A worker process; resolves when it polls. */
  async startWorker(): Promise<Child> {
    const options: BroadcastWorkerOptions = {
      databaseUrl: this.options.databaseUrl,
      hashKey: RIG_HASH_KEY.toString('hex'),
      address: this.options.address,
      namespace: this.options.namespace,
      sandboxUrl: this.sandboxUrl,
      bundle: await workflowBundle(),
    };
    const script = join(DIST, 'test', 'support', 'broadcast-worker.js');
    return this.#spawn([script, JSON.stringify(options)]);
  }

  start(broadcastId: string): Promise<WorkflowHandle<(input: unknown) => Promise<BroadcastResult>>> {
    return this.client.workflow.start<(input: unknown) => Promise<BroadcastResult>>(WORKFLOW_TYPES.broadcast, {
      workflowId: `blocklist-broadcast-${broadcastId}`,
      taskQueue: TASK_QUEUES.bulk,
      args: [{ broadcastId }],
    });
  }

  /** Every message the sandbox has ever accepted. */
  log(): LoggedMessage[] {
    const text = readFileSync(join(this.#folder, 'sandbox.jsonl'), 'utf8');
    // The last line may be just being written.
    const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as LoggedMessage);
  }

  async sandbox(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.sandboxUrl}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  }

  async close(): Promise<void> {
    for (const child of this.#children) await child.kill();
    await this.storage.close();
    await this.connection.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #startSandbox(): Promise<void> {
    const module = JSON.stringify(join(DIST, 'src', 'providers', 'sandbox', 'run-sandbox.js'));
    const code = `import { runSandbox } from ${module};
      const sandbox = await runSandbox({ logFile: process.argv[1], handleSignals: true });
      console.log(sandbox.url);`;
    const args = ['--input-type=module', '--eval', code, join(this.#folder, 'sandbox.jsonl')];
    this.sandboxUrl = (await this.#spawn(args)).firstLine;
  }

  async #spawn(args: readonly string[]): Promise<Child> {
    const child = await Child.start(args);
    this.#children.add(child);
    return child;
  }
}

/** A node process that says something on its first line when it is ready. */
export class Child {
  firstLine = '';
  readonly #exited: Promise<unknown>;

  private constructor(private readonly process: ChildProcess) {
    this.#exited = once(process, 'exit');
  }

  static async start(args: readonly string[]): Promise<Child> {
    const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const child = new Child(process_);
    const lines = createInterface(process_.stdout);
    const ended = child.#exited.then(() => Promise.reject(new Error('a child process ended before it was ready')));
    ended.catch(() => undefined);
    [child.firstLine] = (await Promise.race([once(lines, 'line'), ended])) as [string];
    return child;
  }

  /** SIGKILL: it has no chance to finish anything. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#exited;
  }

  async stop(): Promise<void> {
    this.process.kill('SIGTERM');
    await this.#exited;
  }
}

let bundle: Promise<string> | undefined;

/** The broadcast workflow alone, bundled once for all workers of a run. */
function workflowBundle(): Promise<string> {
  bundle ??= (async () => {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(DIST, 'workflows', 'broadcast.js'),
      logger: new DefaultLogger('ERROR'),
    });
    const folder = mkdtempSync(join(tmpdir(), 'broadcast-bundle-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'workflows.js');
    writeFileSync(path, code);
    return path;
  })();
  return bundle;
}
