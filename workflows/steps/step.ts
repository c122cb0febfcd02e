// What all steps have in common: they listen to the shared workers, and end when an opt-out ends their flow.
import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import type { FlowIdentity } from '../../src/domain/step-activities.js';
import { optedOutWithoutPlugin } from './failures.js';
import { flow } from './flow-state.js';
import { installSignalHandlers } from './flow-signals.js';

/** Searched for in prebuilt bundles, to tell a bundle with steps. */
export const STEPS_MARK = 'temporal-blocklist/steps';

// Used, so that a minifier keeps it.
flow.loadedBy = STEPS_MARK;

/**
 * Run the body of a step. Everything up to its first `await` happens at once, so steps number themselves in code order.
 * No promise of its own where the plugin guards the flow: Temporal notes the stack of each.
 */
export function step<T>(body: () => Promise<T>): Promise<T> {
  installSignalHandlers();
  return flow.guardedBy === undefined ? runUnguarded(body) : body();
}

async function runUnguarded<T>(body: () => Promise<T>): Promise<T> {
  if (flow.stoppedBy !== undefined) throw optedOutWithoutPlugin(flow.stoppedBy);
  const scope = new CancellationScope();
  flow.scopes.add(scope);
  try {
    return await scope.run(body);
  } catch (error) {
    if (flow.stoppedBy !== undefined && isCancellation(error)) throw optedOutWithoutPlugin(flow.stoppedBy);
    throw error;
  } finally {
    flow.scopes.delete(scope);
  }
}

/** Which flow this is, for the database: the same after a reset or a replay, another one in the next run. */
export function flowIdentity(): FlowIdentity {
  const { workflowId, firstExecutionRunId, continuedFromExecutionRunId } = workflowInfo();
  return {
    workflowId,
    firstRunId: firstExecutionRunId,
    ...(continuedFromExecutionRunId === undefined ? {} : { continuedFromRunId: continuedFromExecutionRunId }),
  };
}
