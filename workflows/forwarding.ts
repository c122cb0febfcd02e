// One reply on its way to the address of its keyword: tried again at the times of the product, for two days.
import { ApplicationFailure, proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

const { blocklistForward } = proxyActivities<Activities>({
  startToCloseTimeout: '30 s',
  heartbeatTimeout: '10 s',
  retry: { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '30 s' },
});

export async function blocklistForwarding(input: {
  readonly inboxId: string;
}): Promise<{ readonly outcome: string; readonly retries: number }> {
  for (let retry = 0; ; retry += 1) {
    const tried = await blocklistForward({ ...input, retry });
    if (tried.outcome !== 'failed') return { outcome: tried.outcome, retries: retry };
    if (tried.afterMs === undefined) {
      throw ApplicationFailure.create({
        type: 'FORWARDING_FAILED',
        message: `The address did not take the reply in ${retry + 1} attempts (${tried.detail}).`,
        nonRetryable: true,
      });
    }
    setCurrentDetails(`Attempt ${retry + 1} failed: ${tried.detail}.`);
    await sleep(tried.afterMs, { summary: `retry ${retry + 1} of a forwarded reply` });
  }
}
