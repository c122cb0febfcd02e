// A team's own worker with the test flows, beside the shared workers of the product, in a namespace of its own.
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import type { Calendar } from '../../src/dev/examples/appointment.js';
import type { Storage } from '../../src/storage/storage.js';
import { Persons } from './persons.js';
import { openSurroundings, startRealWorkers } from './real-workers.js';
import { getTemporal } from './servers.js';

export const FLOWS_PATH = fileURLToPath(new URL('./flows/index.ts', import.meta.url));
export const TEAM_QUEUE = 'team';
/** Recorded histories name it instead of a process and a host. */
const IDENTITY = 'test';

/** Flows must do the same whether a worker remembers them or replays them for every task. */
export const CACHES = [
  { cache: 'with its cache', maxCachedWorkflows: 100 },
  { cache: 'without a cache, so that every task is a replay', maxCachedWorkflows: 0 },
] as const;

export const quietLogger = new DefaultLogger('ERROR');

let isRuntimeInstalled = false;
const bundles = new Map<string, Promise<{ readonly code: string }>>();

export interface TeamOptions {
  readonly codecKeys?: string;
  /** False: a worker and a bundle without the plugin. */
  readonly hasPlugin?: boolean;
  readonly worker?: Partial<WorkerOptions>;
}

export interface Team {
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly address: string;
  readonly namespace: string;
  readonly storage: Storage;
  readonly persons: Persons;
  readonly calendar: string[];
  /** Start a flow; its id contains the name given. */
  start(flow: string, args: readonly unknown[], name?: string): Promise<WorkflowHandleWithFirstExecutionRunId>;
  close(): Promise<void>;
}

export function installRuntime(): void {
  if (!isRuntimeInstalled) Runtime.install({ logger: quietLogger, shutdownSignals: [] });
  isRuntimeInstalled = true;
}

/** The flows' bundle, made once a process and setting. */
export function flowsBundle(
  options: Pick<TeamOptions, 'codecKeys' | 'hasPlugin'> = {},
): Promise<{ readonly code: string }> {
  const key = JSON.stringify([options.codecKeys ?? '', options.hasPlugin ?? true]);
  const plugins = options.hasPlugin === false ? [] : [new BlocklistPlugin({ codecKeys: options.codecKeys ?? [] })];
  const bundle = bundles.get(key) ?? bundleWorkflowCode({ workflowsPath: FLOWS_PATH, logger: quietLogger, plugins });
  bundles.set(key, bundle);
  return bundle;
}

export async function startTeam(options: TeamOptions = {}): Promise<Team> {
  installRuntime();
  const { address, namespace } = await getTemporal();
  const connection = await NativeConnection.connect({ address });
  const clientConnection = await Connection.connect({ address });
  const plugin = (): BlocklistPlugin => new BlocklistPlugin({ codecKeys: options.codecKeys ?? [] });
  const client = new Client({ connection: clientConnection, namespace, identity: IDENTITY, plugins: [plugin()] });
  const calendar: string[] = [];
  const calendarActivities: Calendar = {
    reserveSlot: (contactId, slot) => Promise.resolve(void calendar.push(`reserve ${contactId} ${slot}`)),
    freeSlot: (contactId, slot) => Promise.resolve(void calendar.push(`free ${contactId} ${slot}`)),
  };
  const team = await Worker.create({
    connection,
    namespace,
    identity: IDENTITY,
    taskQueue: TEAM_QUEUE,
    workflowBundle: await flowsBundle(options),
    activities: calendarActivities,
    plugins: options.hasPlugin === false ? [] : [plugin()],
    ...options.worker,
  });
  const running = team.run();
  const surroundings = await openSurroundings();
  const shared = await startRealWorkers(surroundings.environment, {
    client,
    connection,
    namespace,
    codecKeys: options.codecKeys ?? '',
    identity: IDENTITY,
  });
  let started = 0;
  return {
    client,
    connection,
    address,
    namespace,
    storage: shared.storage,
    persons: new Persons(shared.storage, client, surroundings.sandbox.url),
    calendar,
    start: (flow, args, name = flow) =>
      client.workflow.start(flow, { taskQueue: TEAM_QUEUE, workflowId: `${name}-${(started += 1)}`, args: [...args] }),
    async close() {
      team.shutdown();
      await running;
      await shared.close();
      await surroundings.close();
      await clientConnection.close();
      await connection.close();
    },
  };
}

/** Wait until something holds; tests wait for what they mean, not for a time. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
