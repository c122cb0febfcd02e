// How steps call the shared workers.
import { proxyActivities, type ActivityInterfaceFor } from '@temporalio/workflow';
import type { Contact } from '../../src/domain/contact.js';
import { TASK_QUEUES } from '../../src/domain/names.js';
import type { StepActivities } from '../../src/domain/step-activities.js';
import { activityFailure } from './failures.js';
import { flow } from './flow-state.js';
import { flowIdentity } from './step.js';

/** Summaries are limited to 400 bytes after encryption. */
const LONGEST_SUMMARY = 100;

export interface CallOptions {
  readonly summary: string;
  /** Give up after this time; without it a step waits for as long as the shared workers are away. */
  readonly withinMs?: number;
}

type Called = ActivityInterfaceFor<StepActivities>;

/** Call one activity; tried again until it answers, since storage being down is never an answer. */
export async function callActivity<T>(call: (activities: Called) => Promise<T>, options: CallOptions): Promise<T> {
  const activities = proxyActivities<StepActivities>({
    taskQueue: TASK_QUEUES.single,
    summary: options.summary.slice(0, LONGEST_SUMMARY),
    startToCloseTimeout: '30 s',
    heartbeatTimeout: '10 s',
    ...(options.withinMs === undefined ? {} : { scheduleToCloseTimeout: options.withinMs }),
    // A flow goes on at most ten seconds after the storage has come back.
    retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
  });
  try {
    return await call(activities);
  } catch (error) {
    throw activityFailure(error);
  }
}

/** Let the contact's replies, events and opt-outs find this flow, unless a send has done so already. */
export async function ensureRegistered(contact: Contact): Promise<void> {
  if (flow.registered.has(contact.id)) return;
  const input = { flow: flowIdentity(), contact };
  await callActivity((activities) => activities.blocklistRegisterFlow(input), { summary: 'listen' });
  flow.registered.add(contact.id);
}
