// The stack's Temporal server, for the demo's client: found by the stack's environment, never by the user's.
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { WORKFLOW_TYPES } from '../../domain/names.js';
import { BlocklistClient } from '../../plugin/client.js';
import { BlocklistPlugin } from '../../plugin/blocklist-plugin.js';

/** Its connection is left to the end of the process: closing one with a call that is about to be repeated throws. */
export interface DemoTemporal {
  readonly client: Client;
  readonly blocklist: BlocklistClient;
  /** Confirmations of opt-outs that have not been sent yet. */
  confirmationsUnderWay(): Promise<number>;
}

/** From the signal on no call is repeated. */
export async function connectTemporal(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<DemoTemporal> {
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig({
    overrideEnvVars: temporalVariables(environment),
  });
  const codecKeys = environment['BLOCKLIST_CODEC_KEY'] ?? [];
  const retry = defaultGrpcRetryOptions();
  const interceptor = makeGrpcRetryInterceptor({
    ...retry,
    retryableDecider: (attempt, status) => !signal.aborted && retry.retryableDecider(attempt, status),
  });
  const connection = await Connection.connect({ ...connectionOptions, interceptors: [interceptor] });
  const client = new Client({ connection, namespace, plugins: [new BlocklistPlugin({ codecKeys })] });
  return {
    client,
    blocklist: new BlocklistClient({ client, codecKeys }),
    confirmationsUnderWay: async () => (await client.workflow.count(RUNNING_CONFIRMATIONS)).count,
  };
}

const RUNNING_CONFIRMATIONS = `WorkflowType = '${WORKFLOW_TYPES.confirmation}' AND ExecutionStatus = 'Running'`;

function temporalVariables(environment: NodeJS.ProcessEnv): Record<string, string> {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[0].startsWith('TEMPORAL_') && entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
