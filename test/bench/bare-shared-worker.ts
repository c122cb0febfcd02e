// As the shared workers, process by process and slot by slot, with activities that do nothing.
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { startSharedWorkers } from '../../src/plugin/shared-workers.js';
import type { BareActivities } from './flows/bare.js';
import { BARE_NAMESPACE } from './installation.js';

Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: ['SIGTERM'] });
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const activities: BareActivities = {
  check: (contact) => Promise.resolve(contact),
  dispatch: () => Promise.resolve('sent'),
};
const workers = await startSharedWorkers({ activities, connection, namespace: BARE_NAMESPACE });
await workers.run();
await connection.close();
