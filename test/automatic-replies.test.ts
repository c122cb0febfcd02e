// What follows from a reply by itself: the answer of its keyword, in its hours, and its forwarding.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities, type Activities } from '../activities/index.js';
import { deliverOutbox } from '../activities/outbox.js';
import { DAYS, opensAt } from '../src/domain/delivery-window.js';
import { createWebhooks } from '../src/providers/webhook.js';
import type { KeywordInput } from '../src/domain/replies/configured-keyword.js';
import { INBOUND_SHARDS } from '../src/domain/shard.js';
import { keywordStore } from '../src/storage/keywords.js';
import { openProduct, type Product, type ReplyOptions } from './support/product.js';
import { openReceiver, type Receiver } from './support/receiver.js';

let product: Product;
let receiver: Receiver;
let activities: Activities;

beforeAll(async () => {
  product = await openProduct();
  receiver = await openReceiver();
  activities = createActivities(product.deps);
});
afterAll(async () => {
  await receiver.close();
  await product.close();
});

let used = 385_960_000_000;
const aPerson = (): string => String((used += 1));
let numbers = 20_000;

/** A number of ours with one keyword. */
async function aNumber(keyword: Omit<KeywordInput, 'channel' | 'sender'>): Promise<string> {
  const number = String((numbers += 1));
  const account = await product.storage.accounts.get();
  await keywordStore(product.storage.db).set(account, { channel: 'SMS', sender: number, ...keyword });
  return number;
}

/** A reply that has been read, with what the outbox then asked for. */
async function reply(options: ReplyOptions) {
  await product.reply(options);
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) await activities.blocklistDrain({ shard });
  const seen = [product.autoReplies.length, product.forwardings.length, product.confirmations.length] as const;
  await deliverOutbox(product.deps);
  return {
    autoReplies: product.autoReplies.slice(seen[0]),
    forwardings: product.forwardings.slice(seen[1]),
    confirmations: product.confirmations.slice(seen[2]),
  };
}

const messagesTo = async (person: string) =>
  (await product.sandbox.messages(person)).map(({ text, sender }) => ({ text, sender }));

/** Closed for hours yet, whenever the test runs. */
function closedNow() {
  const at = (hours: number): string => `${String((new Date().getUTCHours() + hours) % 24).padStart(2, '0')}:00`;
  return { days: DAYS, from: at(3), to: at(5) };
}

describe('the hours of an answer', () => {
  it.each([
    // Monday the 1st of June 2026.
    ['2026-06-01T09:00:00Z', ['MONDAY'], '08:00', '17:00', '2026-06-01T09:00:00Z'],
    ['2026-06-01T08:00:00Z', ['MONDAY'], '08:00', '17:00', '2026-06-01T08:00:00Z'],
    ['2026-06-01T17:00:00Z', ['MONDAY'], '08:00', '17:00', '2026-06-08T08:00:00Z'],
    ['2026-06-01T17:00:00Z', ['MONDAY', 'TUESDAY'], '08:00', '17:00', '2026-06-02T08:00:00Z'],
    ['2026-06-02T01:00:00Z', ['MONDAY'], '22:00', '02:00', '2026-06-02T01:00:00Z'],
    ['2026-06-01T01:00:00Z', ['MONDAY'], '22:00', '02:00', '2026-06-01T22:00:00Z'],
  ] as const)('%s, open on %s from %s to %s: %s', (now, days, from, to, opens) => {
    expect(opensAt(new Date(now), { days, from, to })).toEqual(new Date(opens));
  });
});

describe('an automatic answer', () => {
  it('is sent once, from the number that was written to or the sender that is set', async () => {
    const person = aPerson();
    const number = await aNumber({ keyword: 'HOURS', autoResponse: 'We are open.' });
    const other = await aNumber({ keyword: 'HOURS', autoResponse: 'Ask the shop.', autoResponseSender: 'ACME' });
    const { autoReplies } = await reply({ from: person, to: number, text: 'hours please' });
    const second = await reply({ from: person, to: other, text: 'hours?' });
    const inboxIds = [...autoReplies, ...second.autoReplies, ...autoReplies];
    expect(inboxIds).toHaveLength(3);
    const outcomes: string[] = [];
    for (const inboxId of inboxIds) outcomes.push((await activities.blocklistAnswer({ inboxId })).outcome);
    expect(outcomes).toEqual(['sent', 'sent', 'sent']);
    expect(await messagesTo(person)).toEqual([
      { text: 'We are open.', sender: number },
      { text: 'Ask the shop.', sender: 'ACME' },
    ]);
  });

  it('waits for its hours, and is not sent to somebody who has left meanwhile', async () => {
    const person = aPerson();
    const number = await aNumber({ keyword: 'HOURS', autoResponse: 'We are open.', autoResponseWindow: closedNow() });
    const { autoReplies } = await reply({ from: person, to: number, text: 'HOURS' });
    const waiting = await activities.blocklistAnswer({ inboxId: autoReplies[0] ?? '' });
    expect(waiting).toMatchObject({ outcome: 'waiting' });
    const { afterMs } = waiting as { afterMs: number };
    expect(afterMs).toBeGreaterThan(2 * 3_600_000 - 60_000);
    expect(afterMs).toBeLessThanOrEqual(3 * 3_600_000);

    const open = await aNumber({ keyword: 'HOURS', autoResponse: 'We are open.' });
    const later = await reply({ from: person, to: open, text: 'HOURS' });
    await reply({ from: person, to: open, text: 'STOP' });
    expect(await activities.blocklistAnswer({ inboxId: later.autoReplies[0] ?? '' })).toMatchObject({
      outcome: 'blocked',
    });
    expect(await messagesTo(person)).toEqual([]);
  });

  it('goes to one person three times a day at most: robots answer robots', async () => {
    const person = aPerson();
    const number = await aNumber({ autoResponse: 'Pardon?' });
    for (let i = 0; i < 2; i += 1) await product.reply({ from: person, to: number, text: 'Pardon?' });
    const first = await reply({ from: person, to: number, text: 'Pardon?' });
    const second = await reply({ from: person, to: number, text: 'Pardon?' });
    expect([first.autoReplies.length, second.autoReplies.length]).toEqual([3, 0]);
    expect((await reply({ from: aPerson(), to: number, text: 'Pardon?' })).autoReplies).toHaveLength(1);
  });

  it('is no message that a later reply is about', async () => {
    const person = aPerson();
    const number = await aNumber({ keyword: 'HOURS', autoResponse: 'We are open.' });
    const sent = await product.claim({ to: person, key: `hours ${person}`, sender: number, campaign: 'spring' });
    await product.storage.permits.fence((await product.storage.accounts.get()).rootId, [sent.id]);
    await product.storage.permits.settle([{ id: sent.id, attempt: 1, state: 'sent' }]);
    const { autoReplies } = await reply({ from: person, to: number, text: 'HOURS' });
    expect(await activities.blocklistAnswer({ inboxId: autoReplies[0] ?? '' })).toMatchObject({ outcome: 'sent' });
    await reply({ from: person, to: number, text: 'STOP' });
    const found = await product.storage.db.query<{ reference: string; sendId: string }>(
      `select c.reference, e.send_id as "sendId"
       from blocklist_events e
       join contact_points p on p.id = e.contact_id
       join campaigns c on c.id = e.campaign_id
       where p.value = $1`,
      [person],
    );
    expect(found.rows).toEqual([{ reference: 'spring', sendId: sent.id }]);
  });
});

describe('the answer of a keyword that blocks', () => {
  const blocking = { keyword: 'NOMORE', action: 'BLOCK', level: 'FROM_ANY_SENDER', autoResponse: 'Goodbye.' } as const;

  it('is the confirmation, the only one, from the sender that is set', async () => {
    const person = aPerson();
    const number = await aNumber({ ...blocking, autoResponseSender: 'ACME' });
    const { autoReplies, confirmations } = await reply({ from: person, to: number, text: 'nomore' });
    expect([autoReplies.length, confirmations.length]).toEqual([0, 1]);
    expect(await activities.blocklistConfirm({ eventId: confirmations[0] ?? '' })).toMatchObject({ outcome: 'sent' });
    expect(await messagesTo(person)).toEqual([{ text: 'Goodbye.', sender: 'ACME' }]);
    const again = await reply({ from: person, to: number, text: 'nomore' });
    expect([again.autoReplies.length, again.confirmations.length]).toEqual([0, 0]);
  });

  it('is never sent if its hours begin after the five minutes', async () => {
    const person = aPerson();
    const number = await aNumber({ ...blocking, autoResponseWindow: closedNow() });
    const { confirmations } = await reply({ from: person, to: number, text: 'nomore' });
    expect(await activities.blocklistConfirm({ eventId: confirmations[0] ?? '' })).toEqual({ outcome: 'tooLate' });
    expect(await messagesTo(person)).toEqual([]);
  });
});

describe('a forwarded reply', () => {
  it('is posted as the product does it, with the keyword that matched', async () => {
    const person = aPerson();
    const number = await aNumber({ keyword: 'QUIZ', forwarding: { url: receiver.url, format: 'MO_JSON_2' } });
    const receivedAt = new Date(Date.now() - 1_000);
    const text = 'QUIZ Correct answer is Paris';
    const { forwardings } = await reply({ from: person, to: number, text, id: `quiz-${person}`, receivedAt });
    expect(await activities.blocklistForward({ inboxId: forwardings[0] ?? '', retry: 0 })).toEqual({
      outcome: 'forwarded',
    });
    const posted = receiver.accepted.at(-1);
    expect(posted?.headers['content-type']).toBe('application/json');
    expect(posted?.body).toEqual({
      results: [
        {
          messageId: `quiz-${person}`,
          from: person,
          to: number,
          text,
          cleanText: 'Correct answer is Paris',
          keyword: 'QUIZ',
          receivedAt: receivedAt.toISOString().replace('Z', '+0000'),
          smsCount: 1,
        },
      ],
      messageCount: 1,
      pendingMessageCount: 0,
    });
  });

  it('of a catch-all is every reply that no other keyword takes, a built-in STOP too', async () => {
    const number = await aNumber({ forwarding: { url: receiver.url, format: 'MO_JSON_2' }, autoResponse: 'Pardon?' });
    const stop = await reply({ from: aPerson(), to: number, text: 'STOP' });
    expect([stop.forwardings.length, stop.autoReplies.length, stop.confirmations.length]).toEqual([1, 0, 1]);
    const other = await reply({ from: aPerson(), to: number, text: 'what is this' });
    expect([other.forwardings.length, other.autoReplies.length]).toEqual([1, 1]);
  });

  it('is tried again after 1 minute + 1 minute x retry x retry, twenty times; no redirect is followed', async () => {
    const number = await aNumber({ forwarding: { url: receiver.url, format: 'MO_JSON_2' } });
    const { forwardings } = await reply({ from: aPerson(), to: number, text: 'hello' });
    const inboxId = forwardings[0] ?? '';
    const minute = createActivities({ ...product.deps, retries: { minuteMs: 60_000, firstMs: 1, mostMs: 1 } });
    const posts = receiver.posts.length;
    receiver.answerWith(() => 302);
    const waits: unknown[] = [];
    for (const retry of [0, 1, 2, 19, 20]) waits.push(await minute.blocklistForward({ inboxId, retry }));
    receiver.answerWith(() => 200);
    const failed = { outcome: 'failed', detail: 'HTTP_302' };
    expect(waits).toEqual([
      { ...failed, afterMs: 2 * 60_000 },
      { ...failed, afterMs: 5 * 60_000 },
      { ...failed, afterMs: 10 * 60_000 },
      { ...failed, afterMs: 401 * 60_000 },
      failed,
    ]);
    expect(receiver.posts.length).toBe(posts + 5);
  });
});

describe('a post to an address that somebody gave us', () => {
  it.each([
    ['http://127.0.0.1:1/x', 'PRIVATE_ADDRESS'],
    ['http://localhost:1/x', 'PRIVATE_ADDRESS'],
    ['http://[::1]:1/x', 'PRIVATE_ADDRESS'],
    ['http://[::ffff:10.0.0.1]/x', 'PRIVATE_ADDRESS'],
    ['http://169.254.169.254/latest/meta-data', 'PRIVATE_ADDRESS'],
    ['http://2130706433/x', 'PRIVATE_ADDRESS'],
    ['http://0/x', 'PRIVATE_ADDRESS'],
    ['ftp://example.com/x', 'BAD_URL'],
  ])('%s does not leave the house', async (url, detail) => {
    expect(await createWebhooks().post({ url, body: '{}' })).toEqual({ kind: 'failed', detail });
  });

  it('ends in its time if nobody answers, and says what failed without the address', async () => {
    receiver.answerWith(() => undefined);
    const webhooks = createWebhooks({ allowPrivate: true, timeoutMs: 200 });
    expect(await webhooks.post({ url: receiver.url, body: '{}' })).toEqual({ kind: 'failed', detail: 'TIMED_OUT' });
    receiver.answerWith(() => 200);
    expect(await webhooks.post({ url: 'http://127.0.0.1:1/x', body: '{}' })).toEqual({
      kind: 'failed',
      detail: 'ECONNREFUSED',
    });
  });
});
