// Runs a workflow function so that an opt-out can end it wherever it is, even in a `sleep` of the user's own.
import { CancellationScope, ContinueAsNew, condition, isCancellation } from '@temporalio/workflow';
import type { OptOutSignal } from '../../src/domain/step-activities.js';
import { flow } from './flow-state.js';
import { takeOver } from './handover.js';
import { beginToListen } from './opt-out-signal.js';

/** Searched for in prebuilt bundles, to tell a bundle made without the plugin. Used, so that a minifier keeps it. */
export const INTERCEPTOR_MARK = 'temporal-blocklist/interceptor';

/** What a flow that an opt-out has ended completes with. */
export interface OptedOut {
  readonly outcome: 'optedOut';
  readonly contactId: string;
  /** The opt-out in the ledger. */
  readonly eventId: string;
  /** The campaign it is counted under. */
  readonly campaign?: string;
}

/** Run `main` to its end, or until an opt-out stops it; its clean-up (`finally`, `nonCancellable`) is waited for. */
export async function runFlow(main: () => Promise<unknown>): Promise<unknown> {
  const scope = new CancellationScope();
  flow.guardedBy = INTERCEPTOR_MARK;
  flow.scopes.add(scope);
  takeOver();
  const running = scope.run(main);
  beginToListen();
  try {
    const result = await running;
    if (flow.runningHandlers > 0) await condition(() => flow.runningHandlers === 0);
    return flow.stoppedBy === undefined ? result : optedOut(flow.stoppedBy);
  } catch (error) {
    // A next run would not know that its contact is gone.
    if (flow.stoppedBy !== undefined && (error instanceof ContinueAsNew || comesFromCancellation(error))) {
      return optedOut(flow.stoppedBy);
    }
    throw error;
  }
}

function optedOut({ contactId, eventId, campaign }: OptOutSignal): OptedOut {
  return { outcome: 'optedOut', contactId, eventId, ...(campaign === undefined ? {} : { campaign }) };
}

/** Code between the step and here may have wrapped the cancellation in an error of its own. */
function comesFromCancellation(error: unknown): boolean {
  if (isCancellation(error)) return true;
  return error instanceof Error && error.cause !== undefined && comesFromCancellation(error.cause);
}
