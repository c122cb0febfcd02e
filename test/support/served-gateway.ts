// A gateway with the shared workers behind it: what is asked over HTTP is carried out. Webhooks may lead to the test itself,
// and what fails is tried again at once.
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { readConfig } from '../../src/config.js';
import { openActivities } from '../../src/plugin/serve.js';
import { startSharedWorkers } from '../../src/plugin/shared-workers.js';
import { openTestSandbox, type TestSandbox } from '../../src/testing/test-sandbox.js';
import { gatewayEnvironment, startTestGateway, type TestGateway } from './running-gateway.js';
import { installRuntime } from './team.js';

export interface ServedGateway extends TestGateway {
  readonly client: Client;
  readonly sandbox: TestSandbox;
  /** For a worker in a process of its own. */
  readonly environment: Readonly<Record<string, string>>;
  startWorkers(): Promise<void>;
  stopWorkers(): Promise<void>;
}

/** With its workers running. */
export async function startServedGateway(): Promise<ServedGateway> {
  installRuntime();
  const gateway = await startTestGateway();
  const sandbox = await openTestSandbox();
  const { address, namespace } = gateway.temporal;
  const clientConnection = await Connection.connect({ address });
  const client = new Client({ connection: clientConnection, namespace });
  const connection = await NativeConnection.connect({ address });
  const environment = {
    ...gatewayEnvironment(gateway.config.databaseUrl),
    BLOCKLIST_SANDBOX_URL: sandbox.url,
    BLOCKLIST_PRIVATE_WEBHOOKS: 'on',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  let stop: (() => Promise<void>) | undefined;

  const served: ServedGateway = {
    ...gateway,
    client,
    sandbox,
    environment,
    async startWorkers() {
      const retries = { minuteMs: 50, firstMs: 20, mostMs: 200 };
      const opened = await openActivities(readConfig(environment), { client, retries });
      const shared = await startSharedWorkers({
        activities: opened.single,
        bulkActivities: opened.bulk,
        connection,
        namespace,
        codecKeys: [],
        workerOptions: { shutdownGraceTime: '1 s' },
      });
      const running = shared.run();
      stop = async () => {
        shared.shutdown();
        await running;
        await opened.close();
      };
    },
    async stopWorkers() {
      await stop?.();
      stop = undefined;
    },
    async close() {
      await served.stopWorkers();
      await connection.close();
      await clientConnection.close();
      await gateway.close();
      await sandbox.close();
    },
  };
  await served.startWorkers();
  return served;
}
