// One subscription: delivers its events whenever there are some, and waits out an endpoint that does not take them. What
// waits is in the database; operators see here how it stands.
import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Activities } from '../activities/index.js';
import { EVENTS_MESSAGES, SEARCH_ATTRIBUTES } from '../src/domain/names.js';

const phaseAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');
const wakeSignal = defineSignal(EVENTS_MESSAGES.wake);

export interface EventsInput {
  readonly subscriptionId: number;
  /** What earlier runs knew. */
  readonly state?: { readonly failures: number; readonly delivered: number; readonly phase: Phase };
}

type Phase = 'delivering' | 'idle' | 'failing';

const MAX_HISTORY = 2_000;

const { blocklistDeliverEvents } = proxyActivities<Activities>({
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
});

export async function blocklistEvents({ subscriptionId, state }: EventsInput): Promise<{ readonly delivered: number }> {
  let { failures, delivered, phase } = state ?? { failures: 0, delivered: 0, phase: undefined };
  let woken = true;
  setHandler(wakeSignal, () => void (woken = true), { description: 'There is something to deliver.' });
  const enter = (next: Phase, details: string): void => {
    setCurrentDetails(details);
    if (phase === next) return;
    phase = next;
    upsertSearchAttributes([{ key: phaseAttribute, value: next }]);
  };

  for (;;) {
    woken = false;
    const done = await blocklistDeliverEvents({ subscriptionId, failures });
    delivered += done.delivered;
    if (done.delivered > 0 || done.kind === 'idle') failures = 0;
    switch (done.kind) {
      case 'deleted':
        return { delivered };
      case 'idle':
        enter('idle', `Delivered ${delivered} events; nothing waits.`);
        await condition(() => woken || isDue());
        break;
      case 'more':
        enter('delivering', `Delivered ${delivered} events; more wait.`);
        break;
      case 'later':
        await condition(() => woken, done.afterMs);
        break;
      case 'failing':
        failures += 1;
        enter(
          'failing',
          `Delivered ${delivered} events. The endpoint has refused ${failures} posts in a row (${done.detail}); ` +
            `${done.waiting} events wait, the oldest for ${Math.round(done.oldestSeconds)} s.`,
        );
        await condition(() => woken, done.afterMs);
        break;
    }
    if (isDue()) {
      await continueAsNew<typeof blocklistEvents>({
        subscriptionId,
        state: { failures, delivered, phase: phase ?? 'delivering' },
      });
    }
  }
}

function isDue(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > MAX_HISTORY;
}
