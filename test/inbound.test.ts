// Replies and delivery reports by webhook, on a real Postgres and a real Temporal server.
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTime } from '../src/gateway/inbound/provider-time.js';
import { beginDispatch, startTestGateway, type TestGateway } from './support/running-gateway.js';
import { claim, send } from './support/storage-fixture.js';

let test: TestGateway;

beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

let people = 0;
const aPerson = (): string => String(385_910_000_000 + ++people);
const aReply = (from: string, more: object = {}) => ({
  messageId: randomUUID(),
  from,
  to: '10950',
  channel: 'SMS',
  text: 'STOP',
  receivedAt: new Date().toISOString(),
  ...more,
});
const post = (path: string, results: unknown, headers?: Record<string, string>) =>
  test.call('POST', path, { results }, headers);

interface InboxRow {
  readonly provider: string;
  readonly channel: string;
  readonly sender: string;
  readonly text: string;
  readonly receivedAt: Date;
  readonly inReplyTo: string | null;
  readonly campaign: string | null;
  readonly state: string;
}

async function inboxOf(messageId: string): Promise<InboxRow | undefined> {
  const found = await test.storage.db.query<InboxRow & Record<string, unknown>>(
    `select provider, channel, sender, text, received_at as "receivedAt", in_reply_to as "inReplyTo", campaign, state
     from inbox where message_id = $1`,
    [messageId],
  );
  return found.rows[0];
}

async function stateOf(permitId: string) {
  const found = await test.storage.db.query<{
    state: string;
    reason: string | null;
    delivery: string | null;
    at: Date | null;
  }>('select state, hold_reason as reason, delivery, delivery_at as at from sends where id = $1', [permitId]);
  return found.rows[0];
}

describe('replies', () => {
  it('are answered when they are stored and what is still to go out to the person is held', async () => {
    const person = aPerson();
    const message = await claim(test.storage, { to: person, campaign: 'spring' });
    const reply = aReply(`+${person}`, { inReplyTo: message.permitId, campaignReferenceId: 'spring' });

    const answer = await post('/inbound/sandbox/sms', [reply]);

    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    expect(await stateOf(message.permitId)).toMatchObject({ state: 'held', reason: 'UNREAD_REPLY' });
    expect(await inboxOf(reply.messageId)).toMatchObject({
      provider: 'sandbox',
      channel: 'SMS',
      sender: '10950',
      text: 'STOP',
      receivedAt: new Date(reply.receivedAt),
      inReplyTo: message.permitId,
      campaign: 'spring',
      state: 'unread',
    });
  });

  it('are answered only after the provider call that was under way', async () => {
    const person = aPerson();
    const { permitId } = await claim(test.storage, { to: person });
    const settle = await beginDispatch(test.storage, permitId);
    let answered = false;
    const answer = post('/inbound/sandbox/sms', [aReply(person)]).then((response) => {
      answered = true;
      return response;
    });

    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    await settle();

    expect((await answer).status).toBe(200);
  });

  it.each(['sms', 'mms', 'viber', 'rcs'])('come in by %s', async (channel) => {
    const reply = aReply(aPerson(), { channel: channel.toUpperCase() });
    expect(await (await post(`/inbound/sandbox/${channel}`, [reply])).json()).toMatchObject({ accepted: 1 });
    expect(await inboxOf(reply.messageId)).toMatchObject({ channel: channel.toUpperCase() });
  });

  it('come in by e-mail', async () => {
    const reply = aReply('Ana@Example.com', { channel: 'EMAIL', to: 'news@shop.example' });
    expect(await (await post('/inbound/sandbox/email', [reply])).json()).toMatchObject({ accepted: 1 });
  });

  it('count once however often they come, at the same time and in the same batch', async () => {
    const reply = aReply(aPerson());
    const answers = await Promise.all(
      Array.from(
        { length: 100 },
        async () => (await post('/inbound/sandbox/sms', [reply, reply])).json() as Promise<Record<string, number>>,
      ),
    );
    const sum = (name: string): number => answers.reduce((all, one) => all + Number(one[name]), 0);
    expect({ accepted: sum('accepted'), duplicates: sum('duplicates') }).toEqual({ accepted: 1, duplicates: 199 });
    const stored = await test.storage.db.query('select id from inbox where message_id = $1', [reply.messageId]);
    expect(stored.rows).toHaveLength(1);
  });

  it('share transactions when many come at once, and each is answered for itself', async () => {
    const replies = Array.from({ length: 300 }, () => aReply(aPerson()));
    const answers = await Promise.all(
      replies.map(async (reply) => (await post('/inbound/sandbox/sms', [reply])).json()),
    );
    expect(answers).toEqual(replies.map(() => ({ accepted: 1, duplicates: 0, rejected: [] })));
    const stored = await test.storage.db.query<{ replies: number; transactions: number }>(
      `select count(*)::integer as replies, count(distinct xmin::text)::integer as transactions
       from inbox where message_id = any ($1)`,
      [replies.map((reply) => reply.messageId)],
    );
    expect(stored.rows[0]?.replies).toBe(300);
    expect(stored.rows[0]?.transactions).toBeLessThan(300);
  });

  it('that are malformed are counted with their place and reason, and cost the others nothing', async () => {
    const good = aReply(aPerson());
    const { text: _, ...withoutText } = aReply(aPerson());
    const answer = await post('/inbound/sandbox/sms', [
      withoutText,
      good,
      aReply('no number at all'),
      'not an object',
      aReply(aPerson(), { channel: 'VIBER' }),
      aReply(aPerson(), { messageId: 'nul \u0000 inside' }),
      aReply(aPerson(), { messageId: 'half a \ud83d pair' }),
      aReply(aPerson(), { messageId: 'x'.repeat(500) }),
    ]);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      accepted: 1,
      duplicates: 0,
      rejected: [
        { index: 0, reason: expect.stringMatching(/^text: /) },
        { index: 2, reason: 'from: NOT_DIGITS' },
        { index: 3, reason: expect.stringMatching(/^item: /) },
        { index: 4, reason: 'channel: is not the channel of this address' },
        { index: 5, reason: 'messageId: holds characters that cannot be stored' },
        { index: 6, reason: 'messageId: holds characters that cannot be stored' },
        { index: 7, reason: expect.stringMatching(/^messageId: /) },
      ],
    });
    expect(await inboxOf(good.messageId)).toBeDefined();
  });

  it('keep a text that is too long or cannot be stored as it is, without losing the reply', async () => {
    const long = aReply(aPerson(), { text: 'STOP '.repeat(100_000) });
    const odd = aReply(aPerson(), { text: 'STOP\u0000 \ud83d' });
    expect(await (await post('/inbound/sandbox/sms', [long, odd])).json()).toMatchObject({ accepted: 2 });
    expect((await inboxOf(odd.messageId))?.text).toBe('STOP \ufffd');
    expect((await inboxOf(long.messageId))?.text).toMatch(/^STOP STOP/);
  });

  it('whose time cannot be read, or lies ahead, count from their arrival', async () => {
    const before = Date.now();
    const replies = ['yesterday', undefined, '2999-01-01T00:00:00.000+0000', '0001-01-01T00:00:00Z'].map((receivedAt) =>
      aReply(aPerson(), { receivedAt }),
    );
    expect(await (await post('/inbound/sandbox/sms', replies)).json()).toMatchObject({ accepted: 4 });
    for (const { messageId } of replies) {
      const at = (await inboxOf(messageId))?.receivedAt.getTime() ?? 0;
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
  });

  it('in the shape of the product are taken, whatever fields are added', async () => {
    const reply = {
      messageId: randomUUID(),
      from: '385916242493',
      to: '385921004026',
      text: 'STOP it please',
      cleanText: 'it please',
      keyword: 'STOP',
      receivedAt: '2019-11-09T16:00:00.000+0000',
      smsCount: 1,
      price: { pricePerMessage: 0, currency: 'EUR' },
      callbackData: 'callbackData',
      campaignReferenceId: 'winter',
      somethingNew: { deep: [1, 2, { __proto__: 3 }] },
    };
    const cut = { ...reply, messageId: randomUUID(), text: null };
    const answer = await test.call('POST', '/inbound/infobip/sms', {
      results: [reply, cut],
      messageCount: 2,
      pendingMessageCount: 0,
    });
    expect(await answer.json()).toEqual({ accepted: 2, duplicates: 0, rejected: [] });
    expect(await inboxOf(reply.messageId)).toMatchObject({
      provider: 'infobip',
      channel: 'SMS',
      sender: '385921004026',
      text: 'STOP it please',
      receivedAt: new Date('2019-11-09T16:00:00.000Z'),
      campaign: 'winter',
    });
    expect(await inboxOf(cut.messageId)).toMatchObject({ text: 'STOP it please' });
  });

  it('wake the workflow that reads their shard', async () => {
    const connection = await Connection.connect({ address: test.temporal.address });
    const client = new Client({ connection, namespace: test.temporal.namespace });
    const reply = aReply(aPerson());
    await post('/inbound/sandbox/sms', [reply]);
    const shard = await test.storage.db.query<{ shard: number }>('select shard from inbox where message_id = $1', [
      reply.messageId,
    ]);
    const handle = client.workflow.getHandle(`blocklist-inbound-${shard.rows[0]?.shard}`);
    await expect.poll(async () => (await handle.describe()).status.name, { timeout: 10_000 }).toBe('RUNNING');
    await connection.close();
  });
});

describe('an envelope', () => {
  it.each([
    ['no JSON', '{"results":', 400],
    ['no results', '{}', 400],
    ['results that are no list', '{"results":{}}', 400],
    ['a list', '[]', 400],
    ['nothing', '', 400],
  ])('of %s is refused as a whole', async (_, body, status) => {
    const answer = await test.call('POST', '/inbound/sandbox/sms', body, { 'content-type': 'application/json' });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_INPUT' } });
  });

  it('that is not JSON by its type is refused, so that no web page can post one', async () => {
    const answer = await test.call('POST', '/inbound/sandbox/sms', '{"results":[]}', { 'content-type': 'text/plain' });
    expect(answer.status).toBe(415);
  });

  it('that is empty is taken', async () => {
    expect(await (await post('/inbound/sandbox/sms', [])).json()).toEqual({ accepted: 0, duplicates: 0, rejected: [] });
  });

  it('larger than the limit is refused', async () => {
    const answer = await post('/inbound/sandbox/sms', [aReply(aPerson(), { text: 'x'.repeat(9 << 20) })]);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ error: { code: 'LIMIT_EXCEEDED' } });
  });
});

describe('the webhook secret', () => {
  it.each([
    ['missing', ''],
    ['wrong', 'webhook-secret-of-somebody'],
  ])('when %s keeps everything out', async (_, secret) => {
    const reply = aReply(aPerson());
    for (const path of [
      '/inbound/sandbox/sms',
      '/inbound/infobip/sms',
      '/inbound/sandbox/reports',
      '/inbound/infobip/reports',
    ]) {
      const answer = await post(path, [reply], { 'x-webhook-secret': secret });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ error: { code: 'UNAUTHORIZED' } });
    }
    expect(await inboxOf(reply.messageId)).toBeUndefined();
  });
});

describe('delivery reports', () => {
  const report = (messageId: string, status: string, doneAt = '2026-03-01T10:00:00.000Z') => ({
    messageId,
    status,
    doneAt,
  });

  it('are kept beside the message, once', async () => {
    const message = await send(test.storage, { to: aPerson() });
    const answer = await post('/inbound/sandbox/reports', [report(message.permitId, 'DELIVERED')]);
    expect(await answer.json()).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    expect(await stateOf(message.permitId)).toMatchObject({
      state: 'sent',
      delivery: 'DELIVERED',
      at: new Date('2026-03-01T10:00:00.000Z'),
    });
    const again = await post('/inbound/sandbox/reports', [report(message.permitId, 'DELIVERED')]);
    expect(await again.json()).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
  });

  it('say the same in whatever order they come', async () => {
    const reports = [
      ['UNDELIVERABLE', '2026-03-01T10:00:01.000Z'],
      ['DELIVERED', '2026-03-01T10:00:02.000Z'],
      ['SEEN', '2026-03-01T10:00:04.000Z'],
      ['SEEN', '2026-03-01T10:00:03.000Z'],
    ] as const;
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
      [1, 3, 0, 2],
    ];
    for (const order of orders) {
      const message = await send(test.storage, { to: aPerson() });
      for (const n of order) {
        const [status, at] = reports[n] ?? [];
        await post('/inbound/sandbox/reports', [report(message.permitId, status ?? '', at)]);
      }
      expect(await stateOf(message.permitId)).toMatchObject({
        delivery: 'SEEN',
        at: new Date('2026-03-01T10:00:03.000Z'),
      });
    }
    const together = await send(test.storage, { to: aPerson() });
    await post(
      '/inbound/sandbox/reports',
      reports.map(([status, at]) => report(together.permitId, status, at)),
    );
    expect(await stateOf(together.permitId)).toMatchObject({
      delivery: 'SEEN',
      at: new Date('2026-03-01T10:00:03.000Z'),
    });
  });

  it('in the shape of the product are understood', async () => {
    const sent = () => send(test.storage, { to: aPerson() });
    const [delivered, expired, pending, seen] = [await sent(), await sent(), await sent(), await sent()];
    const results = [
      {
        bulkId: 'b',
        messageId: delivered.permitId,
        to: '1',
        doneAt: '2026-03-01T10:00:00.000+0000',
        status: { groupId: 3, groupName: 'DELIVERED', id: 5 },
        error: { groupName: 'Ok' },
      },
      { messageId: expired.permitId, doneAt: '2026-03-01T10:00:00.000+0000', status: { groupName: 'expired' } },
      { messageId: pending.permitId, status: { groupId: 1 } },
      {
        messageId: seen.permitId,
        from: '1',
        to: '2',
        sentAt: '2026-03-01T10:00:00.000+0000',
        seenAt: '2026-03-01T10:05:00.000+0000',
      },
      { messageId: 'of somebody else', status: { groupId: 3 } },
      { messageId: delivered.permitId, status: { groupId: 77 } },
      { status: { groupId: 3 } },
    ];
    const answer = await post('/inbound/infobip/reports', results);
    expect(await answer.json()).toEqual({
      accepted: 3,
      duplicates: 2,
      rejected: [
        { index: 5, reason: 'status: names no group that is known' },
        { index: 6, reason: expect.stringMatching(/^messageId: /) },
      ],
    });
    const deliveries = await Promise.all(
      [delivered, expired, pending, seen].map(async ({ permitId }) => (await stateOf(permitId))?.delivery),
    );
    expect(deliveries).toEqual(['DELIVERED', 'UNDELIVERABLE', null, 'SEEN']);
  });
});

describe('the times of providers', () => {
  it.each([
    ['2019-11-09T16:00:00.000+0000', '2019-11-09T16:00:00.000Z'],
    ['2019-11-09T16:00:00.000+0530', '2019-11-09T10:30:00.000Z'],
    ['2026-03-01T10:00:00.123456Z', '2026-03-01T10:00:00.123Z'],
    ['2026-03-01T10:00:00+01:00', '2026-03-01T09:00:00.000Z'],
  ])('%s is %s', (text, time) => {
    expect(readTime(text)?.toISOString()).toBe(time);
  });

  it.each(['', 'now', '10:00', '2026-13-45T10:00:00Z', 1_700_000_000_000, null])('%s is none', (text) => {
    expect(readTime(text)).toBeUndefined();
  });
});
