// Stand-ins for the ready workflows that BlocklistClient talks to. They go when the real ones are run by these tests.
import { condition, defineSignal, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';
import type { ClientRequest, FindResult, InboundEvent, ReceiveResult } from '../../../src/domain/step-activities.js';

interface ReadyActivities {
  blocklistContact(input: Extract<ClientRequest, { kind: 'contact' }>): Promise<{ readonly id: string }>;
  blocklistFind(input: Extract<ClientRequest, { kind: 'find' }>['input']): Promise<FindResult>;
  blocklistReceive(events: readonly InboundEvent[]): Promise<ReceiveResult>;
}

const activities = proxyActivities<ReadyActivities>({ startToCloseTimeout: '10 s', retry: { maximumAttempts: 2 } });

export async function blocklistRequest(request: ClientRequest): Promise<unknown> {
  switch (request.kind) {
    case 'contact':
      return activities.blocklistContact(request);
    case 'find':
      return activities.blocklistFind(request.input);
    default:
      return { eventIds: ['1'], effect: 'added', kind: request.kind };
  }
}

export async function blocklistInbound(_start: { readonly shard: number }): Promise<void> {
  setHandler(defineUpdate<ReceiveResult, [readonly InboundEvent[]]>('blocklistReceive'), activities.blocklistReceive);
  setHandler(defineSignal<[readonly InboundEvent[]]>('blocklistSignal'), async (events) => {
    await activities.blocklistReceive(events);
  });
  await condition(() => false);
}
