// The workflow side of the plugin. It looks at nothing and changes nothing in workflows that were bundled without steps.
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { flow } from './flow-state.js';
import { installSignalHandlers, isFlowSignal } from './flow-signals.js';
import { handOver } from './handover.js';
import { runFlow } from './run-flow.js';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      execute: async (input, next) => (flow.loadedBy !== undefined ? runFlow(() => next(input)) : next(input)),
    },
  ],
  outbound: [
    {
      continueAsNew: async (input, next) => next(flow.guardedBy !== undefined ? await handOver(input) : input),
    },
  ],
  internals: [
    {
      activate(input, next) {
        // A run that continues another one, or has its predecessor's id, may be signalled before its first step.
        if (flow.loadedBy !== undefined && !flow.handlersInstalled) {
          const jobs = input.activation.jobs ?? [];
          if (jobs.some((job) => isFlowSignal(job.signalWorkflow?.signalName))) installSignalHandlers();
        }
        return next(input);
      },
    },
  ],
});
