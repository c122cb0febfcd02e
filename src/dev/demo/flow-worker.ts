// The worker of the example flows, a process of its own as a team's worker would be: it knows Temporal, and neither the database
// nor the provider. Ends on SIGTERM, and with the process that started it.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { BlocklistPlugin } from '../../plugin/blocklist-plugin.js';
import type { Calendar } from '../examples/appointment.js';
import { DEMO_TASK_QUEUE } from './conversations.js';

const EXAMPLES = join(dirname(fileURLToPath(import.meta.url)), '..', 'examples', 'index.js');

/** Slots by the contact that has them. */
const slots = new Map<string, string>();
const calendar: Calendar = {
  async reserveSlot(contactId, slot) {
    slots.set(contactId, slot);
  },
  async freeSlot(contactId) {
    slots.delete(contactId);
  },
};

// Without its parent there is no server either.
process.once('disconnect', () => process.exit(0));
Runtime.install({ shutdownSignals: ['SIGTERM', 'SIGINT'], logger: new DefaultLogger('WARN') });
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue: DEMO_TASK_QUEUE,
  workflowsPath: EXAMPLES,
  activities: { ...calendar },
  plugins: [new BlocklistPlugin()],
  maxCachedWorkflows: 100,
  shutdownGraceTime: '1 s',
  shutdownForceTime: '2 s',
});
const running = worker.run();
process.send?.('ready');
await running;
await connection.close();
process.disconnect();
