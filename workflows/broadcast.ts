// One message to an audience of any size. People are rows: a page of them is one activity, and the workflow sees counts.
import { CancellationScope, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import { BROADCAST_MESSAGES } from '../src/domain/names.js';
import { BroadcastRun, type BroadcastInput, type BroadcastResult } from './broadcast-run.js';

export type { BroadcastInput, BroadcastResult } from './broadcast-run.js';

const pauseSignal = defineSignal(BROADCAST_MESSAGES.pause);
const resumeSignal = defineSignal(BROADCAST_MESSAGES.resume);
const cancelSignal = defineSignal(BROADCAST_MESSAGES.cancel);
const progressQuery = defineQuery<BroadcastResult>(BROADCAST_MESSAGES.progress);

/**
 * Sends a broadcast whose audience is complete. The workflow's id is `blocklist-broadcast-<broadcastId>`, so that it is
 * started once. Completes when nothing is open and nothing held, or when it was cancelled and its permits have ended.
 */
export async function blocklistBroadcast(input: BroadcastInput): Promise<BroadcastResult> {
  const run = new BroadcastRun(input);
  setHandler(pauseSignal, () => run.ask('PAUSED'), {
    description: 'Stop sending within about a second; what is at the provider is finished.',
  });
  setHandler(resumeSignal, () => run.ask('RUNNING'), { description: 'Go on after a pause.' });
  setHandler(cancelSignal, () => run.ask('CANCELLED'), {
    description: 'Stop for good: permits that were not handed over end, what was sent stays sent.',
  });
  setHandler(progressQuery, () => run.result, { description: 'Status and counts, as of the last page.' });
  // Cancelling the workflow is cancelling the broadcast: its open permits still have to end.
  CancellationScope.current().cancelRequested.catch(() => run.ask('CANCELLED'));
  return CancellationScope.nonCancellable(() => run.toItsEnd());
}
