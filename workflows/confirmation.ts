// One confirmation of one opt-out by reply: within five minutes, or never.
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

/** 47 CFR 64.1200(a)(12); the activity counts from the reply, this from the start, so nothing is sent later. */
const WINDOW = '5 minutes';

const { blocklistConfirm } = proxyActivities<Activities>({
  startToCloseTimeout: '30 s',
  heartbeatTimeout: '10 s',
  scheduleToCloseTimeout: WINDOW,
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});

export async function blocklistConfirmation(input: {
  readonly eventId: string;
}): Promise<{ readonly outcome: string }> {
  const { outcome } = await blocklistConfirm(input);
  return { outcome };
}
