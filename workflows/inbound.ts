// One shard of what comes in: stores the replies and opt-out links that services hand over, and reads what is stored.
// Events cost rows, not history: one drain reads hundreds of people.
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { INBOUND_MESSAGES } from '../src/domain/names.js';
import type { InboundEvent, ReceiveResult } from '../src/domain/step-activities.js';
import { activities } from './ready-activities.js';

const wakeSignal = defineSignal(INBOUND_MESSAGES.wake);
const eventsSignal = defineSignal<[readonly InboundEvent[]]>(INBOUND_MESSAGES.signal);
const receiveUpdate = defineUpdate<ReceiveResult, [readonly InboundEvent[]]>(INBOUND_MESSAGES.receive);

export interface InboundInput {
  readonly shard: number;
  /** What earlier runs have read, for operators. */
  readonly totals?: { readonly read: number; readonly optOuts: number; readonly optIns: number };
}

/** Half of Temporal's advice for one run: what is handed over between two runs costs nothing. */
const MAX_HISTORY = 2_000;
/** Signals buffered while storage is away; more than one activity should carry. */
const MAX_EVENTS_A_CALL = 200;

export async function blocklistInbound({ shard, totals }: InboundInput): Promise<void> {
  let unread = true;
  const signalled: InboundEvent[] = [];
  let { read, optOuts, optIns } = totals ?? { read: 0, optOuts: 0, optIns: 0 };

  setHandler(wakeSignal, () => void (unread = true), { description: 'There is something to read in this shard.' });
  setHandler(eventsSignal, (events) => void signalled.push(...events), {
    description: 'Replies and opt-out links themselves. They count from when they are stored.',
  });
  setHandler(
    receiveUpdate,
    async (events) => {
      const received = await activities.blocklistReceive({ events });
      unread = true;
      return received;
    },
    { description: 'Replies and opt-out links themselves. They count from the answer.' },
  );

  for (;;) {
    await condition(() => unread || signalled.length > 0 || isDue());
    if (signalled.length > 0) {
      await activities.blocklistReceive({ events: signalled.splice(0, MAX_EVENTS_A_CALL) });
      unread = true;
    }
    if (unread) {
      unread = false;
      const drained = await activities.blocklistDrain({ shard });
      read += drained.read;
      optOuts += drained.optOuts;
      optIns += drained.optIns;
      if (drained.more) unread = true;
      setCurrentDetails(`Read ${read} replies: ${optOuts} opt-outs, ${optIns} opt-ins.`);
    }
    if (isDue()) {
      // Nothing may be awaited between the last look at what came in and the end of the run.
      await condition(allHandlersFinished);
      if (signalled.length === 0) {
        await continueAsNew<typeof blocklistInbound>({ shard, totals: { read, optOuts, optIns } });
      }
    }
  }
}

function isDue(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength > MAX_HISTORY;
}
