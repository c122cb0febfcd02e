// Replies from receipt to what they change: holds, opt-outs, opt-ins, attribution, confirmations, signals to flows.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createInboundActivities } from '../activities/inbound.js';
import { createSendActivities } from '../activities/send.js';
import { createConfirmActivities } from '../activities/confirm.js';
import { deliverOutbox } from '../activities/outbox.js';
import { DEFAULT_ACCOUNT_KEY } from '../src/domain/scope.js';
import { INBOUND_SHARDS } from '../src/domain/shard.js';
import { keywordStore } from '../src/storage/keywords.js';
import { openStorage } from '../src/storage/storage.js';
import { HASH_KEY, openProduct, type Product } from './support/product.js';

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product?.close());

const readAll = async (): Promise<void> => {
  const { blocklistDrain } = createInboundActivities(product.deps);
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) {
    while ((await blocklistDrain({ shard })).more);
  }
};

const sendNow = async (to: string, step: string, campaign = 'spring') => {
  const { blocklistCheck, blocklistDispatch } = createSendActivities(product.deps);
  const checked = await blocklistCheck({
    flow: { workflowId: `flow-${to}`, firstRunId: `run-${to}` },
    step,
    to: { id: await product.contact(to) },
    channel: 'SMS',
    sender: '10950',
    campaign,
  });
  if (checked.outcome !== 'permitted') return checked;
  return blocklistDispatch({ permitId: checked.permitId, text: 'Hello. STOP to end.' });
};

const ledgerOf = async (to: string) =>
  (
    await product.storage.db.query<Record<string, unknown>>(
      `select e.kind, e.effect, e.source, e.confidence, e.send_id as "sendId", c.reference as campaign
       from blocklist_events e left join campaigns c on c.id = e.campaign_id
       where e.contact_id = $1 order by e.id`,
      [await product.contact(to)],
    )
  ).rows;

describe('a drain', () => {
  it('reads keywords of subaccounts and writes opt-outs with the only connection of its pool', async () => {
    const to = '385910000090';
    const { accounts } = product.storage;
    const child = await accounts.create('0000000000000000000000000000D1A1', DEFAULT_ACCOUNT_KEY);
    const enough = { keyword: 'ENOUGH', action: 'BLOCK', level: 'FROM_ANY_SENDER' } as const;
    await keywordStore(product.storage.db).set(child, enough);
    await product.storage.inbox.receive([
      {
        provider: 'sandbox',
        messageId: 'pool-of-one',
        from: to,
        to: '10950',
        channel: 'SMS',
        text: 'enough',
        receivedAt: new Date(),
        accountKey: child.key,
      },
    ]);
    // Nothing is remembered yet, neither the account nor its keywords.
    const storage = await openStorage({ databaseUrl: product.databaseUrl, hashKey: HASH_KEY, connections: 1 });
    try {
      const { blocklistDrain } = createInboundActivities({ ...product.deps, storage });
      let read = 0;
      for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) read += (await blocklistDrain({ shard })).read;
      expect(read).toBe(1);
    } finally {
      await storage.close();
    }
    expect(await ledgerOf(to)).toMatchObject([{ kind: 'BLOCK', effect: 'added', source: 'MO' }]);
  });
});

describe('a reply', () => {
  it('holds what is claimed for the person from its receipt until it has been read', async () => {
    const to = '385910000001';
    const before = await product.claim({ to, key: 'hold-1' });
    expect(before.state).toBe('claimed');
    await product.reply({ from: to, text: 'what time do you open?' });
    expect(await product.claim({ to, key: 'hold-1' })).toMatchObject({ state: 'held', holdReason: 'UNREAD_REPLY' });
    expect(await product.claim({ to, key: 'hold-2' })).toMatchObject({ state: 'held', holdReason: 'UNREAD_REPLY' });
    expect(await product.claim({ to, key: 'hold-3', purpose: 'SERVICE' })).toMatchObject({ state: 'claimed' });
    await readAll();
    expect(await product.claim({ to, key: 'hold-1' })).toMatchObject({ state: 'claimed' });
  });

  it('that says STOP blocks every sender and channel, with the code and the entry in the answer', async () => {
    const to = '385910000002';
    const sent = await sendNow(to, '1');
    expect(sent.outcome).toBe('sent');
    await product.reply({ from: to, text: 'Stop!' });
    await readAll();
    const blocked = await sendNow(to, '2', 'summer');
    expect(blocked).toMatchObject({
      outcome: 'blocked',
      code: { status: { groupId: 5, groupName: 'REJECTED', id: 14 }, error: { id: 2052 } },
      explanation: { source: 'MO', campaign: 'spring', covers: 'ALL' },
    });
    expect(await product.claim({ to, key: 'viber-2', channel: 'VIBER', sender: 'SHOP' })).toMatchObject({
      state: 'blocked',
    });
    expect(await ledgerOf(to)).toEqual([
      { kind: 'BLOCK', effect: 'added', source: 'MO', confidence: 'latest', sendId: sent.permitId, campaign: 'spring' },
    ]);
  });

  it('is tied exactly to the message it names', async () => {
    const to = '385910000003';
    const first = await sendNow(to, '1', 'one');
    await sendNow(to, '2', 'two');
    await product.reply({ from: to, text: 'STOP', inReplyTo: first.permitId });
    await readAll();
    expect(await ledgerOf(to)).toMatchObject([{ confidence: 'exact', sendId: first.permitId, campaign: 'one' }]);
  });

  it('in a row is read in order: STOP, START, STOP ends blocked; a tie between STOP and START blocks', async () => {
    const to = '385910000004';
    const at = Date.now();
    for (const [i, text] of ['STOP', 'START', 'STOP'].entries()) {
      await product.reply({ from: to, text, receivedAt: new Date(at + i * 1000) });
    }
    await readAll();
    expect((await sendNow(to, '1')).outcome).toBe('blocked');
    await product.reply({ from: to, text: 'START', receivedAt: new Date(at + 2000) });
    await readAll();
    expect((await sendNow(to, '2')).outcome).toBe('blocked');
    await product.reply({ from: to, text: 'START', receivedAt: new Date(at + 3000) });
    await readAll();
    expect((await sendNow(to, '3')).outcome).toBe('sent');
  });

  it('with START never lifts what an operator decided', async () => {
    const to = '385910000005';
    const account = await product.storage.accounts.get();
    await product.storage.optOuts.optOut([
      {
        accountId: account.id,
        contactId: await product.contact(to),
        source: 'CUSTOM',
        receivedAt: new Date(Date.now() - 60_000),
        actor: 'operator:test',
      },
    ]);
    await product.reply({ from: to, text: 'START' });
    await readAll();
    expect((await sendNow(to, '1')).outcome).toBe('blocked');
  });

  it('delivered twice counts once', async () => {
    const to = '385910000006';
    await product.reply({ from: to, text: 'STOP', id: 'same' });
    await product.reply({ from: to, text: 'STOP', id: 'same' });
    await readAll();
    await product.reply({ from: to, text: 'STOP', id: 'same' });
    await readAll();
    expect(await ledgerOf(to)).toHaveLength(1);
  });

  it('tells the flow whose message it answers, and an opt-out tells the flow to end', async () => {
    const to = '385910000007';
    const sent = await sendNow(to, '1');
    await product.reply({ from: to, text: 'yes please' });
    await readAll();
    await product.reply({ from: to, text: 'stop' });
    await readAll();
    await deliverOutbox(product.deps);
    const mine = product.signals.filter((s) => s.workflowId === `flow-${to}`);
    expect(mine.map((s) => s.signal)).toEqual(['blocklistReply', 'blocklistOptOut']);
    expect(mine[0]?.arg).toMatchObject({ text: 'yes please', keyword: 'YES', permitId: sent.permitId });
    expect(mine[1]?.arg).toMatchObject({ source: 'MO', campaign: 'spring' });
  });
});

describe('a confirmation', () => {
  it('is sent once for the change from unblocked to blocked, passes the entry, and is no campaign message', async () => {
    const to = '385910000010';
    await sendNow(to, '1');
    await product.reply({ from: to, text: 'STOP' });
    await product.reply({ from: to, text: 'STOP' });
    await readAll();
    const before = product.confirmations.length;
    await deliverOutbox(product.deps);
    const contact = await product.contact(to);
    const events = await product.storage.db.query<{ id: string }>(
      'select id from blocklist_events where contact_id = $1 order by id',
      [contact],
    );
    const mine = product.confirmations.slice(before).filter((id) => events.rows.some((e) => e.id === id));
    expect(mine).toEqual([events.rows[0]?.id]);
    const { blocklistConfirm } = createConfirmActivities(product.deps);
    expect(await blocklistConfirm({ eventId: mine[0]! })).toMatchObject({ outcome: 'sent' });
    expect(await blocklistConfirm({ eventId: mine[0]! })).toMatchObject({ outcome: 'sent' });
    const log = (await (await fetch(`${product.sandbox.url}/messages?to=${to}`)).json()) as {
      messages: { kind: string; campaignReferenceId: string | null }[];
    };
    expect(log.messages.map((m) => [m.kind, m.campaignReferenceId])).toEqual([
      ['message', 'spring'],
      ['confirmation', null],
    ]);
  });

  it('is never sent when the reply came more than five minutes ago', async () => {
    const to = '385910000011';
    await sendNow(to, '1');
    await product.reply({ from: to, text: 'STOP', receivedAt: new Date(Date.now() - 301_000) });
    await readAll();
    const contact = await product.contact(to);
    const outbox = await product.storage.db.query(
      `select o.id from outbox o join blocklist_events e on e.id = (o.payload ->> 'eventId')::bigint
       where e.contact_id = $1`,
      [contact],
    );
    expect(outbox.rows).toHaveLength(0);
    const event = await product.storage.db.query<{ id: string }>(
      'select id from blocklist_events where contact_id = $1',
      [contact],
    );
    const { blocklistConfirm } = createConfirmActivities(product.deps);
    expect(await blocklistConfirm({ eventId: event.rows[0]!.id })).toEqual({ outcome: 'tooLate' });
  });
});
