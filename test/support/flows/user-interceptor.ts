// A workflow interceptor of a team's own.
import type { WorkflowInterceptorsFactory } from '@temporalio/workflow';

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [{ execute: async (input, next) => ({ by: 'user', result: await next(input) }) }],
});
