// Replies that wait for a human: what is held meanwhile, and what each decision does.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createInboundActivities } from '../activities/inbound.js';
import { createSendActivities } from '../activities/send.js';
import { DEFAULT_ACCOUNT_KEY } from '../src/domain/scope.js';
import { INBOUND_SHARDS } from '../src/domain/shard.js';
import { replyPolicyStore } from '../src/storage/reply-policies.js';
import { decideReviews, openReviews, readingCounts } from '../src/storage/reply-reviews.js';
import { openProduct, type Product } from './support/product.js';

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product?.close());

const account = () => product.storage.accounts.get();

async function say(from: string, text: string): Promise<void> {
  await product.reply({ from, text, id: `${from}-${text}` });
  const { blocklistDrain } = createInboundActivities(product.deps);
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) while ((await blocklistDrain({ shard })).more);
}

async function claim(to: string, step: string, purpose: 'MARKETING' | 'SERVICE' = 'MARKETING') {
  const { blocklistCheck } = createSendActivities(product.deps);
  const checked = await blocklistCheck({
    flow: { workflowId: `flow-${to}`, firstRunId: `run-${to}` },
    step,
    to: { id: await product.contact(to) },
    channel: 'SMS',
    sender: '10950',
    purpose,
  });
  return checked.outcome;
}

const reviewsOf = async (to: string) => {
  const contactId = await product.contact(to);
  return (await openReviews(product.storage.db, await account())).filter((one) => one.contactId === contactId);
};

const evidenceOf = async (to: string) =>
  (
    await product.storage.db.query<{ evidence: unknown }>(
      'select evidence from blocklist_events where contact_id = $1 order by id',
      [await product.contact(to)],
    )
  ).rows.map(({ evidence }) => evidence);

it('acts at once on a certain keyword of any language, with the words that decided in the ledger', async () => {
  await say('385912000001', 'ARRET svp');
  expect(await claim('385912000001', 'a')).toBe('blocked');
  expect(await evidenceOf('385912000001')).toMatchObject([
    { label: 'opt_out', reason: 'keyword', words: ['ARRET', 'svp'], language: 'fr' },
  ]);
});

it('leaves ordinary talk alone, even if it begins with STOP', async () => {
  await say('385912000002', 'stop by at five');
  expect(await claim('385912000002', 'a')).toBe('permitted');
  expect(await reviewsOf('385912000002')).toEqual([]);
});

it('holds marketing, not service, until somebody has decided to keep the person', async () => {
  const to = '385912000003';
  await say(to, 'lose my number');
  const [review] = await reviewsOf(to);
  expect(review).toMatchObject({ text: 'lose my number', reason: 'sentence', words: ['lose', 'my', 'number'] });
  expect(review!.decideBy.getTime() - review!.receivedAt.getTime()).toBe(14 * 24 * 3_600_000);
  expect(await claim(to, 'held')).toBe('held');
  expect(await claim(to, 'service', 'SERVICE')).toBe('permitted');

  const { decided } = await decideReviews(product.storage.db, await account(), [review!.id], 'keep', 'tester');
  expect(decided).toEqual([review!.id]);
  expect(await claim(to, 'held')).toBe('permitted');
  expect(await evidenceOf(to)).toEqual([]);
  // Decided once.
  expect(await decideReviews(product.storage.db, await account(), [review!.id], 'opt-out', 'tester')).toEqual({
    decided: [],
  });
});

it('opts out many at once by decision, and says in the ledger who decided and why', async () => {
  const people = ['385912000004', '385912000005', '385912000006'];
  for (const to of people) await say(to, 'not interested');
  const ids = (await Promise.all(people.map(reviewsOf))).flat().map(({ id }) => id);
  expect(ids).toHaveLength(3);
  const { decided } = await decideReviews(product.storage.db, await account(), ids, 'opt-out', 'tester');
  expect([...decided].sort()).toEqual([...ids].sort());
  for (const to of people) {
    expect(await claim(to, 'a')).toBe('blocked');
    expect(await evidenceOf(to)).toMatchObject([{ words: ['not', 'interested'], decidedBy: 'tester' }]);
  }
});

it('a STOP while a reply waits acts at once', async () => {
  await say('385912000007', 'not interested');
  await say('385912000007', 'STOP');
  expect(await claim('385912000007', 'a')).toBe('blocked');
  expect(await reviewsOf('385912000007')).toHaveLength(1);
});

it('a parent sees and decides the reviews of its subaccounts, and no account those of another', async () => {
  const { accounts, inbox, db } = product.storage;
  const child = await accounts.create('0000000000000000000000000000D2A1', DEFAULT_ACCOUNT_KEY);
  const other = await accounts.create('0000000000000000000000000000D2A2', DEFAULT_ACCOUNT_KEY);
  const reply = { provider: 'sandbox', to: '10950', channel: 'SMS', receivedAt: new Date() } as const;
  await inbox.receive([
    { ...reply, messageId: 'child', from: '385912000008', text: 'not interested', accountKey: child.key },
  ]);
  const { blocklistDrain } = createInboundActivities(product.deps);
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) await blocklistDrain({ shard });
  const [review] = await openReviews(db, child);
  expect(review).toMatchObject({ accountKey: child.key });
  expect(await openReviews(db, other)).toEqual([]);
  expect((await decideReviews(db, other, [review!.id], 'keep', 'tester')).decided).toEqual([]);
  expect((await decideReviews(db, await account(), [review!.id], 'keep', 'tester')).decided).toEqual([review!.id]);
});

it('a sender may go by keywords alone, or act on phrases at once', async () => {
  const policies = replyPolicyStore(product.storage.db);
  await policies.set(await account(), { sender: '10950', mode: 'phrases at once' });
  const { ancestors } = await account();
  expect(await policies.policyFor(ancestors, '10950')).toMatchObject({ mode: 'phrases at once', actAt: 0.9 });
  expect(await policies.policyFor(ancestors, 'other')).toMatchObject({ mode: 'phrases to review' });
  await say('385912000009', 'take me off your list');
  expect(await claim('385912000009', 'a')).toBe('blocked');

  await policies.set(await account(), { sender: '10950', mode: 'keywords' });
  await say('385912000010', 'take me off your list');
  expect(await claim('385912000010', 'a')).toBe('permitted');
  await expect(policies.set(await account(), { actAt: 0.1 })).rejects.toThrow('actAt');
});

it('reports how replies were read, and what was kept after a look', async () => {
  const counts = await readingCounts(product.storage.db, await account(), new Date(Date.now() - 60_000));
  expect(counts).toContainEqual({
    label: 'opt_out',
    language: 'en',
    reason: 'idiom',
    action: 'NONE',
    replies: 1,
    kept: 1,
  });
});
