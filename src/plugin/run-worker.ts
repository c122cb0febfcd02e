// The `blocklist worker` process: the shared workers with their storage and provider, and a small HTTP server by which
// operators see whether it works.
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Config } from '../config.js';
import { createMetrics, type Metrics } from '../metrics.js';
import { readBacklog } from '../storage/backlog.js';
import { openStorage } from '../storage/storage.js';
import { BlocklistPlugin } from './blocklist-plugin.js';
import { createReadiness, type Readiness } from './readiness.js';
import { openActivities } from './serve.js';
import { startSharedWorkers, type SharedWorkers } from './shared-workers.js';
import { temporalAccess } from './temporal-access.js';
import { serveHealth } from './worker-health.js';

export interface RunWorkerOptions {
  /** Stops the worker: what is running may finish. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

interface Parts {
  readonly workers: SharedWorkers;
  readonly metrics: Metrics;
  readonly isReady: () => Promise<Readiness>;
  close(): Promise<void>;
}

const STARTING: Readiness = {
  isReady: false,
  reasons: [{ part: 'worker', message: 'The worker is starting.' }],
};

/**
 * Runs until the signal. One that comes before the worker takes tasks ends it at once; what was being opened is closed later.
 *
 * @throws BlocklistError when it cannot start, or what ended a worker.
 */
export async function runWorker(config: Config, { signal, log }: RunWorkerOptions): Promise<void> {
  // The process stops on its own signals, in its own order.
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('WARN') });
  let parts: Parts | undefined;
  const health =
    config.metricsPort === undefined
      ? undefined
      : await serveHealth(config.metricsPort, {
          readiness: () => parts?.isReady() ?? Promise.resolve(STARTING),
          metrics: () => parts?.metrics,
        });
  try {
    const opening = openParts(config, signal, log);
    parts = await unlessAborted(signal, opening);
    if (parts === undefined) {
      void opening.then(abandon).catch(() => undefined);
      return;
    }
    const { workers } = parts;
    const stop = (): void => workers.shutdown();
    signal.addEventListener('abort', stop);
    const running = workers.run();
    if (signal.aborted) stop();
    log('worker: serving the task queues blocklist and blocklist-bulk');
    await running;
  } finally {
    await parts?.close();
    health?.close();
  }
}

async function openParts(config: Config, signal: AbortSignal, log: (line: string) => void): Promise<Parts> {
  // Each of these closes what was opened, the last one first.
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
    const native = await NativeConnection.connect(connectionOptions);
    closers.push(() => native.close());
    const connection = await Connection.connect(connectionOptions);
    closers.push(() => connection.close());
    const client = new Client({ connection, namespace, plugins: [new BlocklistPlugin()] });
    // Apart from the others: operators are answered also when every other connection is busy.
    const { db, close: closeStorage } = await openStorage({
      ...config,
      connections: 2,
      applicationName: 'blocklist-metrics',
    });
    closers.push(closeStorage);
    const metrics = createMetrics(() => readBacklog(db));
    const opened = await openActivities(config, { client, metrics, report: log });
    closers.push(() => opened.close());
    const workers = await startSharedWorkers({
      activities: opened.single,
      bulkActivities: opened.bulk,
      connection: native,
      namespace,
    });
    const isReady = createReadiness({
      part: 'worker',
      ownProblem: () => {
        if (signal.aborted) return 'The worker is stopping.';
        return workers.isPolling() ? undefined : 'The worker does not take tasks.';
      },
      database: db,
      assertReachable: temporalAccess(client).assertReachable,
    });
    return { workers, metrics, isReady, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Workers that were created must run, or they hold the connection for ever. */
async function abandon({ workers, close }: Parts): Promise<void> {
  const running = workers.run();
  workers.shutdown();
  await running;
  await close();
}

/** Undefined when the signal came first. */
async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T | undefined> {
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
  });
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
