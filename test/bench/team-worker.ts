// A team's own worker process: flows with the plugin in the namespace of the product, and bare ones beside them.
import { fileURLToPath } from 'node:url';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import { BARE_NAMESPACE, codecOf, TEAM_QUEUE } from './installation.js';

const logger = new DefaultLogger('ERROR');
Runtime.install({ logger, shutdownSignals: ['SIGTERM'] });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });

async function worker(namespace: string, flows: string, options: Partial<WorkerOptions>): Promise<Worker> {
  const workflowsPath = fileURLToPath(new URL(`./flows/${flows}.js`, import.meta.url));
  return Worker.create({
    connection,
    namespace,
    taskQueue: TEAM_QUEUE,
    workflowBundle: await bundleWorkflowCode({ workflowsPath, logger, plugins: options.plugins ?? [] }),
    maxCachedWorkflows: 500,
    ...options,
  });
}

const workers = [
  await worker('default', 'send', { plugins: [new BlocklistPlugin()] }),
  await worker(BARE_NAMESPACE, 'bare', { dataConverter: codecOf(process.env) }),
];
await Promise.all(workers.map((each) => each.run()));
await connection.close();
