// What the activities of steps refuse or put off, whatever the workflow that asks.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createContactActivities } from '../activities/contact.js';
import { createOptOutActivities } from '../activities/opt-out.js';
import { createSendActivities } from '../activities/send.js';
import { openProduct, type Product } from './support/product.js';

const FLOW = { workflowId: 'flow-bounds', firstRunId: 'run-bounds' };
const quietNow = () => {
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16);
  return { from: at(-60), to: at(60), timeZone: 'UTC' };
};

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product?.close());

const check = async (to: string, more: object = {}) =>
  createSendActivities(product.deps).blocklistCheck({
    flow: FLOW,
    step: to,
    to: { id: await product.contact(to) },
    channel: 'SMS',
    sender: '10950',
    ...more,
  });

test('a permit from before quiet hours is not used during them', async () => {
  const { blocklistDispatch } = createSendActivities(product.deps);
  const { permitId, outcome } = await check('385910000801');
  expect(outcome).toBe('permitted');
  const quietHours = quietNow();

  expect(await blocklistDispatch({ permitId, text: 'Hello', quietHours })).toEqual({ outcome: 'undecided', permitId });

  expect(await product.sandbox.messages('385910000801')).toEqual([]);
  expect(await check('385910000801', { quietHours })).toMatchObject({ outcome: 'held', reason: 'QUIET_HOURS' });
});

test('quiet hours do not keep a service message back', async () => {
  const { blocklistDispatch } = createSendActivities(product.deps);
  const quietHours = quietNow();
  const { permitId } = await check('385910000802', { purpose: 'SERVICE', quietHours });

  expect(await blocklistDispatch({ permitId, text: 'Hello', quietHours })).toMatchObject({ outcome: 'sent' });
});

test.each(['optOut', 'optIn'] as const)('%s of one sender without that sender is refused', async (kind) => {
  const contact = { id: await product.contact('385910000803') };
  const { blocklistChange } = createContactActivities(product.deps);

  const change = blocklistChange({ kind, contact, level: 'FROM_SENDER', sender: '10950', actor: 'service:test' });

  await expect(change).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});

test('an opt-out because of a message that is not known any more is taken as one of everything, an opt-in is refused', async () => {
  const contact = { id: await product.contact('385910000804') };
  const evidence = { becausePermitId: '00000000-0000-8000-8000-000000000000' };
  const { blocklistOptOut, blocklistOptIn } = createOptOutActivities(product.deps);
  const input = { flow: FLOW, contact, level: 'FROM_SENDER', evidence } as const;

  await expect(blocklistOptIn(input)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(await blocklistOptOut(input)).toMatchObject({ effect: 'added' });

  expect(await check('385910000804', { channel: 'VIBER', sender: 'Other' })).toMatchObject({ outcome: 'blocked' });
});
