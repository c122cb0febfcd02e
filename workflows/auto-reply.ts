// One automatic answer to one reply: waits for the hours in which it may be sent.
import { proxyActivities, sleep } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

const { blocklistAnswer } = proxyActivities<Activities>({
  startToCloseTimeout: '30 s',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
});

export async function blocklistAutoReply(input: { readonly inboxId: string }): Promise<{ readonly outcome: string }> {
  for (;;) {
    const answered = await blocklistAnswer(input);
    if (answered.outcome !== 'waiting') return { outcome: answered.outcome };
    await sleep(answered.afterMs, { summary: 'until it may be sent' });
  }
}
