// How the ready workflows call their activities. Types only: the activities run on the shared workers.
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

/** Tried again until it answers: storage being down is never an answer, and the work keeps. */
export const activities = proxyActivities<Activities>({
  startToCloseTimeout: '60 s',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '300 ms', backoffCoefficient: 2, maximumInterval: '10 s' },
});
