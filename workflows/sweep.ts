// The sweep: every few seconds it finds what a crash or a lost hint left behind.
import { continueAsNew, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

const EVERY = '4 seconds';
const ROUNDS_A_RUN = 200;

const { blocklistSweepOnce } = proxyActivities<Activities>({
  startToCloseTimeout: '60 s',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '1 s', backoffCoefficient: 2, maximumInterval: '5 s' },
});

export async function blocklistSweep(): Promise<void> {
  let found = { expired: 0, delivered: 0, woken: 0 };
  for (let round = 0; round < ROUNDS_A_RUN && !workflowInfo().continueAsNewSuggested; round += 1) {
    const swept = await blocklistSweepOnce();
    found = {
      expired: found.expired + swept.expired,
      delivered: found.delivered + swept.delivered,
      woken: found.woken + swept.woken,
    };
    setCurrentDetails(
      `In this run: ${found.expired} permits expired, ${found.delivered} messages delivered late, ${found.woken} shards woken.`,
    );
    await sleep(EVERY, { summary: 'next sweep' });
  }
  await continueAsNew<typeof blocklistSweep>();
}
