// The workers behind the steps: they hold the database and provider secrets and carry the ready workflows. One for single
// messages and inbound, one for pages of broadcasts, so that a broadcast never keeps an opt-out waiting.
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, Worker, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';
import { TASK_QUEUES } from '../domain/names.js';
import type { CodecKey } from './codec-keys.js';
import { codecKeysOf, withCodec } from './data-converter.js';
import { readyWorkflows } from './ready-workflows.js';

export interface SharedWorkersOptions {
  /** What `createActivities` returns. */
  readonly activities: object;
  /** The same for the queue of pages, on database connections of their own; `activities` without it. */
  readonly bulkActivities?: object;
  /** Without it one is made from Temporal's environment and configuration file, and closed at the end. */
  readonly connection?: NativeConnection;
  readonly namespace?: string;
  /** As BLOCKLIST_CODEC_KEY, which is the default. */
  readonly codecKeys?: string | readonly CodecKey[];
  /** Without it the ready workflows. */
  readonly workflowBundle?: WorkflowBundleOption;
  /** Other settings of both workers, such as `identity` or `sinks`. */
  readonly workerOptions?: Omit<
    Partial<WorkerOptions>,
    'taskQueue' | 'connection' | 'namespace' | 'activities' | 'workflowBundle' | 'workflowsPath'
  >;
}

export interface SharedWorkers {
  /** Resolves when both have stopped; rejects if one failed, after the other one has stopped. Once only. */
  run(): Promise<void>;
  /** Begin to stop: no new tasks, what is running may finish. Any number of times. */
  shutdown(): void;
  /** True while both take tasks of their queue, workflows and activities. */
  isPolling(): boolean;
}

type Tuning = Partial<WorkerOptions>;

const COMMON: Tuning = {
  // Activities are short; longer than a provider call with its retries nothing needs.
  shutdownGraceTime: '10 s',
  shutdownForceTime: '20 s',
};

/** The default cache grows with the heap and can kill the process; the ready workflows live in few executions. */
const SINGLE: Tuning = { maxCachedWorkflows: 500, maxConcurrentActivityTaskExecutions: 100 };
/** A page is up to 5,000 recipients in one transaction, so few at a time keep the database busy. */
const BULK: Tuning = { maxCachedWorkflows: 50, maxConcurrentActivityTaskExecutions: 8 };

/** Create both workers. They poll from `run()` on. */
export async function startSharedWorkers(options: SharedWorkersOptions): Promise<SharedWorkers> {
  const environment = loadClientConnectConfig();
  const connection = options.connection ?? (await NativeConnection.connect(environment.connectionOptions));
  const closeConnection = async (): Promise<void> => {
    if (options.connection === undefined) await connection.close();
  };
  try {
    const dataConverter = withCodec(options.workerOptions?.dataConverter, codecKeysOf(options.codecKeys));
    const common: Tuning = {
      ...COMMON,
      ...options.workerOptions,
      connection,
      namespace: options.namespace ?? environment.namespace ?? 'default',
      workflowBundle: options.workflowBundle ?? (await readyWorkflows()),
      ...(dataConverter === undefined ? {} : { dataConverter }),
    };
    const { activities, bulkActivities = activities } = options;
    const workers = [
      await Worker.create({ ...SINGLE, ...common, taskQueue: TASK_QUEUES.single, activities }),
      await Worker.create({ ...BULK, ...common, taskQueue: TASK_QUEUES.bulk, activities: bulkActivities }),
    ];
    return {
      run: () => runTogether(workers).finally(closeConnection),
      shutdown: () => workers.forEach(stop),
      isPolling: () => workers.every(isPolling),
    };
  } catch (error) {
    await closeConnection().catch(() => undefined);
    throw error;
  }
}

async function runTogether(workers: readonly Worker[]): Promise<void> {
  // One without the other would answer half of what it is asked.
  const runs = workers.map((worker) => worker.run().finally(() => workers.forEach(stop)));
  const results = await Promise.allSettled(runs);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

function stop(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

function isPolling(worker: Worker): boolean {
  const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
  return runState === 'RUNNING' && workflowPollerState === 'POLLING' && activityPollerState === 'POLLING';
}
