// One page of a broadcast by itself: what an earlier attempt left behind, and clocks that cannot be trusted.
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { createBroadcastActivities } from '../activities/broadcast.js';
import { claimantFor, permitIdForScoped, scopeHash } from '../src/domain/permit-id.js';
import {
  createBroadcast,
  loadAudience,
  readBroadcast,
  setBroadcastStatus,
  startable,
  writePageCounts,
} from '../src/storage/broadcasts.js';
import { countsOf, lines, newNumbers, sentTo, SPRING } from './support/broadcasting.js';
import { openProduct, type Product } from './support/product.js';

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product?.close());
afterEach(() => vi.restoreAllMocks());

/** As an attempt leaves it that dies between its fence and the provider's call. */
async function dieInDispatch(broadcastId: string, person: string): Promise<void> {
  const { accounts, permits, db } = product.storage;
  const account = await accounts.get();
  const scope = `broadcast ${broadcastId}`;
  const contactId = await product.contact(person);
  const permitId = permitIdForScoped(scopeHash(account.key, scope), BigInt(contactId));
  const { streamId } = await readBroadcast(db, broadcastId);
  const claimant = claimantFor(`${account.key} ${scope}`);
  await permits.claim({ streamId, claimant, mayRepeat: true, messages: [{ permitId, contactId }] });
  expect(await permits.fence(account.rootId, [permitId])).toHaveLength(1);
}

it('A wall clock that is set back does not stop a page that waits for the end of a dead attempt', async () => {
  const people = newNumbers(20);
  const { broadcastId } = await createBroadcast(product.storage, SPRING);
  await loadAudience(product.storage, broadcastId, lines(people));
  await startable(product.storage, broadcastId);
  await dieInDispatch(broadcastId, people[3]!);
  const { blocklistSendPage } = createBroadcastActivities(product.deps);
  const sending = new MockActivityEnvironment().run(blocklistSendPage, { broadcastId, page: 1 });
  await vi.waitFor(async () => expect(await sentTo(product, people)).toHaveLength(19), 10_000);
  const now = Date.now.bind(Date);
  vi.spyOn(Date, 'now').mockImplementation(() => now() - 3_600_000);
  expect(await sending).toMatchObject({ isDone: true, held: 0, counts: { audience: 20, sent: 20 } });
  expect(await sentTo(product, people)).toHaveLength(20);
}, 30_000);

it('What an attempt that was thought dead writes last does not hide how a page ended', async () => {
  const { broadcastId } = await createBroadcast(product.storage, SPRING);
  await loadAudience(product.storage, broadcastId, lines(newNumbers(5)));
  await startable(product.storage, broadcastId);
  const { db } = product.storage;
  const { id } = await readBroadcast(db, broadcastId);
  const counts = (sent: number, held: number) => ({ permitted: sent, sent, blocked: 0, held, failed: 0 });
  await writePageCounts(db, id, 1, counts(3, 2), true);
  expect(await setBroadcastStatus(product.storage, broadcastId, 'FINISHED')).toBe('RUNNING');
  await writePageCounts(db, id, 1, counts(5, 0), true);
  await writePageCounts(db, id, 1, counts(2, 0), false);
  await writePageCounts(db, id, 1, counts(3, 2), true);
  expect(await countsOf(product, broadcastId)).toEqual({ audience: 5, ...counts(5, 0) });
  expect(await setBroadcastStatus(product.storage, broadcastId, 'FINISHED')).toBe('FINISHED');
});
