// What a flow knows and nobody has waited for yet moves on when it continues as new: in the memo, which unlike headers is
// encrypted.
import { condition, workflowInfo, type ContinueAsNewInput } from '@temporalio/workflow';
import type { EventSignal, OptOutSignal, ReplySignal } from '../../src/domain/step-activities.js';
import { flow } from './flow-state.js';

const MEMO_KEY = 'blocklistFlow';
/** Duplicates of a signal come within seconds of it; the newest ids are enough to recognise them. */
const IDS_KEPT = 20;

interface Handover {
  readonly contacts: readonly string[];
  readonly replies: readonly ReplySignal[];
  readonly events: readonly EventSignal[];
  readonly optOuts: readonly OptOutSignal[];
  readonly seen: readonly string[];
}

/** The input of continue-as-new with the hand-over added. Nothing may be awaited between this and the command. */
export async function handOver(input: ContinueAsNewInput): Promise<ContinueAsNewInput> {
  if (flow.runningHandlers > 0) await condition(() => flow.runningHandlers === 0);
  const inherited = workflowInfo().memo ?? {};
  // Without a memo of its own the next run gets this one's, so what was handed to this run has to be replaced.
  if (!flow.handlersInstalled && !(MEMO_KEY in inherited)) return input;
  const handover: Handover = {
    contacts: [...(flow.named.size > 0 ? flow.named : flow.inherited)],
    replies: flow.replies,
    events: flow.events,
    optOuts: flow.waitingOptOuts,
    seen: [...flow.seen].slice(-IDS_KEPT),
  };
  return {
    ...input,
    options: { ...input.options, memo: { ...(input.options.memo ?? inherited), [MEMO_KEY]: handover } },
  };
}

/** Take over from the run before this one. Its unread comes before anything that has arrived since. */
export function takeOver(): void {
  if (workflowInfo().continuedFromExecutionRunId === undefined) return;
  const handover = workflowInfo().memo?.[MEMO_KEY] as Handover | undefined;
  if (handover === undefined) return;
  for (const id of handover.contacts) flow.inherited.add(id);
  for (const id of handover.seen) flow.seen.add(id);
  flow.replies.unshift(...handover.replies);
  flow.events.unshift(...handover.events);
  flow.waitingOptOuts.unshift(...handover.optOuts);
}
