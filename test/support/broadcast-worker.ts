// A worker that carries broadcasts and nothing else, as a process of its own: tests kill it. Prints a line when it polls.
import { NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import { createBroadcastActivities } from '../../activities/broadcast.js';
import { WEBHOOK_RETRIES, type ActivityDeps } from '../../activities/deps.js';
import { failing } from '../../activities/failures.js';
import { TASK_QUEUES } from '../../src/domain/names.js';
import { createSandboxProvider } from '../../src/providers/sandbox/sandbox-provider.js';
import { createWebhooks } from '../../src/providers/webhook.js';
import { openStorage } from '../../src/storage/storage.js';

export interface BroadcastWorkerOptions {
  readonly databaseUrl: string;
  /** Hexadecimal. */
  readonly hashKey: string;
  readonly address: string;
  readonly namespace: string;
  readonly sandboxUrl: string;
  /** Path of the workflow bundle. */
  readonly bundle: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as BroadcastWorkerOptions;
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM'] });
const storage = await openStorage({ databaseUrl: options.databaseUrl, hashKey: Buffer.from(options.hashKey, 'hex') });
const provider = createSandboxProvider({ url: options.sandboxUrl });
const deps: ActivityDeps = {
  storage,
  providerFor: () => provider,
  links: { keys: [Buffer.alloc(32, 7)], publicUrl: 'http://127.0.0.1:1' },
  retentionDays: 90,
  temporal: {
    signal: () => Promise.resolve(true),
    startConfirmation: () => Promise.resolve(),
    startAutoReply: () => Promise.resolve(),
    startForwarding: () => Promise.resolve(),
    wakeSubscription: () => Promise.resolve(),
    wake: () => Promise.resolve(),
  },
  webhooks: createWebhooks({ allowPrivate: true }),
  retries: WEBHOOK_RETRIES,
};
const connection = await NativeConnection.connect({ address: options.address });
const common = {
  connection,
  namespace: options.namespace,
  activities: failing(createBroadcastActivities(deps)),
  workflowBundle: { codePath: options.bundle },
  maxConcurrentActivityTaskExecutions: 8,
};
const workers = await Promise.all(
  Object.values(TASK_QUEUES).map((taskQueue) => Worker.create({ ...common, taskQueue })),
);
const runs = Promise.all(workers.map((worker) => worker.run()));
console.log('polling');
await runs;
await connection.close();
provider.close();
await storage.close();
