// The `blocklist worker` process: the shared workers with their storage and provider, and a small HTTP server by which
// operators see whether it works.
import { createServer, type Server } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Config } from '../config.js';
import { createMetrics, type Metrics } from '../metrics.js';
import { readBacklog } from '../storage/backlog.js';
import { openStorage } from '../storage/storage.js';
import { BlocklistPlugin } from './blocklist-plugin.js';
import { openActivities } from './serve.js';
import { startSharedWorkers } from './shared-workers.js';

export interface RunWorkerOptions {
  /** Stops the worker: what is running may finish. */
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

/** Runs until the signal. @throws BlocklistError when it cannot start, or what ended a worker. */
export async function runWorker(config: Config, options: RunWorkerOptions): Promise<void> {
  // The process stops on its own signals, in its own order.
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('WARN') });
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const native = await NativeConnection.connect(connectionOptions);
  const connection = await Connection.connect(connectionOptions);
  const client = new Client({ connection, namespace, plugins: [new BlocklistPlugin()] });
  const metricsStorage = await openStorage({ ...config, connections: 1, applicationName: 'blocklist-metrics' });
  const metrics = createMetrics(() => readBacklog(metricsStorage.db));
  const opened = await openActivities(config, { client, metrics, report: options.log });
  let server: Server | undefined;
  try {
    const workers = await startSharedWorkers({
      activities: opened.single,
      bulkActivities: opened.bulk,
      connection: native,
      namespace,
    });
    const stop = (): void => workers.shutdown();
    options.signal.addEventListener('abort', stop);
    // Workers that were created must run, or they hold the connection for ever.
    const running = workers.run();
    if (options.signal.aborted) stop();
    if (config.metricsPort !== undefined) server = await serveHealth(config.metricsPort, metrics);
    options.log('worker: serving the task queues blocklist and blocklist-bulk');
    await running;
  } finally {
    server?.close();
    server?.closeAllConnections();
    await opened.close();
    await metricsStorage.close();
    await connection.close();
    await native.close();
  }
}

/** `/readyz` and `/healthz` answer while the workers run; `/metrics` is for Prometheus. */
async function serveHealth(port: number, metrics: Metrics): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/metrics') {
      metrics.read().then(
        (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
        () => response.writeHead(503).end(),
      );
    } else if (path === '/readyz' || path === '/healthz') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}\n');
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return server;
}
