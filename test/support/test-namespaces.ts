// Temporal namespaces of the test run, made in the process that owns the server. Task queues have fixed names, so test files
// that run workers at the same time must not share a namespace.
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../src/dev/temporal.js';
import type { ScratchServers, ScratchTemporal } from '../../src/dev/scratch-servers.js';

/** `temporal.api.enums.v1.IndexedValueType`. */
const KEYWORD = 2;

export class TestNamespaces {
  #temporal: Promise<ScratchTemporal> | undefined;
  #created = 0;

  constructor(private readonly servers: ScratchServers) {}

  async temporal(): Promise<{ readonly address: string; readonly uiUrl: string }> {
    const { address, uiUrl } = await (this.#temporal ??= this.servers.startTemporal());
    return { address, uiUrl };
  }

  async create(): Promise<{ readonly address: string; readonly namespace: string }> {
    const { address } = await this.temporal();
    const namespace = `test-${++this.#created}`;
    const connection = await Connection.connect({ address });
    try {
      await connection.workflowService.registerNamespace({
        namespace,
        workflowExecutionRetentionPeriod: { seconds: (24 * 60 * 60) as never },
      });
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
      });
    } finally {
      await connection.close();
    }
    return { address, namespace };
  }
}
