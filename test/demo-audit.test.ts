// The audit behind the demo's tables: it must find nothing where everything agrees, and overlook nothing else.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { summariseCampaign } from '../src/domain/campaign-report.js';
import { pressOptOutLink } from '../src/storage/opt-out-links.js';
import { DEFAULT_POLICY } from '../src/domain/replies/reading.js';
import { drainShard } from '../src/storage/replies.js';
import { INBOUND_SHARDS } from '../src/domain/shard.js';
import { auditStore, type AuditStore } from '../src/storage/audit.js';
import { withOptOutLink } from '../activities/opt-out-links.js';
import { handOver } from '../activities/hand-over.js';
import { readSend } from '../src/storage/sends.js';
import type { DeliveryRecord } from '../src/providers/sandbox/deliveries.js';
import type { LoggedMessage } from '../src/providers/sandbox/log-line.js';
import { audit } from '../src/dev/demo/audit/audit.js';
import type { Evidence } from '../src/dev/demo/audit/evidence.js';
import { LINK_KEY, openProduct, type Product } from './support/product.js';

describe('the audit', () => {
  it('finds nothing where everything agrees, and tells the silence', () => {
    expect(audit(evidence())).toEqual({
      contradictions: [],
      silence: { optOuts: 2, late: 0, delays: { p50: 4, p99: 20.5 } },
    });
  });

  it('sees that a message was taken out of the log', () => {
    const { log, ...rest } = evidence();
    expect(audit({ ...rest, log: log.filter(({ messageId }) => messageId !== id(3)) }).contradictions).toEqual([
      "spring-0301-080000: sent is 3 in the report; by the network's log it is 2.",
      `1 message counted as sent that the network's log does not have, such as ${id(3)}.`,
    ]);
  });

  it('sees a message that no permit stands for', () => {
    const { log, ...rest } = evidence();
    expect(audit({ ...rest, log: [...log, logged(9, 'Ann', 90)] }).contradictions).toEqual([
      "spring-0301-080000: sent is 3 in the report; by the network's log it is 4.",
      `1 message in the network's log without a permit, such as ${id(9)}.`,
      `1 message handed over twice, such as ${id(9)}.`,
    ]);
  });

  it('sees a message to another destination than it was permitted for', () => {
    const { log, ...rest } = evidence();
    const moved = log.map((message) => (message.messageId === id(3) ? { ...message, to: 'Zoe' } : message));
    expect(audit({ ...rest, log: moved }).contradictions).toEqual([
      `1 message handed over to another destination than the permit names, such as ${id(3)}.`,
    ]);
  });

  it('sees a message that left after an opt-out was acknowledged, and one to somebody from the file', () => {
    const { log, ...rest } = evidence();
    const late = log.map((message) => (message.messageId === id(2) ? { ...message, acceptedAt: at(500) } : message));
    const { contradictions, silence } = audit({ ...rest, log: late });
    expect(contradictions).toEqual([`1 message handed over after an acknowledged opt-out, such as ${id(2)}.`]);
    expect(silence).toMatchObject({ optOuts: 2, late: 1 });

    const toListed = {
      ...rest.listedOptOuts[0],
      destination: 'Cid',
      source: 'CUSTOM',
      at: at(-9),
      holdsFrom: at(-7),
    } as const;
    expect(audit({ ...rest, log, listedOptOuts: [toListed] }).silence.late).toBe(1);
  });

  it('does not count confirmations, nor what was sent after the person came back', () => {
    const { log, deliveries, replies, messages, ...rest } = evidence();
    const confirmation = { ...logged(7, 'Ann', 400), kind: 'confirmation', campaignReferenceId: null } as const;
    const again = { ...logged(8, 'Ann', 700), campaignReferenceId: 'summer' };
    const changed = {
      ...rest,
      log: [...log, confirmation, again],
      messages: [
        ...messages,
        { id: id(7), destination: 'Ann', state: 'sent', kind: 'confirmation' },
        { id: id(8), destination: 'Ann', state: 'sent', kind: 'message', campaign: 'summer' },
      ],
      deliveries: [...deliveries, delivery('start', 'Ann', 600, 605, { inReplyTo: id(7) })],
      replies: [...replies, { messageId: 'start', action: 'UNBLOCK' }],
    } as const;
    expect(audit(changed)).toMatchObject({ contradictions: [], silence: { late: 0 } });
    const neverBack = { ...changed, replies: [...replies, { messageId: 'start', action: 'NONE' }] };
    expect(audit(neverBack).silence.late).toBe(1);
  });

  it('sees opt-outs that the ledger, the report or the live list does not have', () => {
    expect(audit({ ...evidence(), pressedLinks: [] }).contradictions).toEqual([
      `1 message with a pressed opt-out link that the ledger does not have, such as ${id(2)}.`,
    ]);
    expect(audit({ ...evidence(), replies: [{ messageId: 'stop', action: 'BLOCK' }] }).contradictions).toEqual([
      '1 message read as opt-outs that the ledger does not have, such as stop.',
    ]);
    expect(audit({ ...evidence(), replies: [] }).contradictions).toEqual([
      'spring-0301-080000: opted out by reply and link is 2 in the report; by people the network saw do so it is 1.',
      '1 message acknowledged as replies and not read, such as stop.',
      '2 people were made to opt out, 1 opt-outs were read and acknowledged.',
    ]);
    expect(audit({ ...evidence(), peopleOptedOut: new Map() }).contradictions).toEqual([
      'spring-0301-080000: opted out is 2 in the report; by the ledger it is 0.',
    ]);
    expect(audit({ ...evidence(), listedOptOuts: [] }).contradictions).toEqual([
      '1 people of the opt-out file are not in the ledger.',
    ]);
    const projection = { ...evidence().projection, differences: 2 };
    expect(audit({ ...evidence(), projection }).contradictions).toEqual([
      'The ledger, folded, differs from the live list in 2 places.',
    ]);
  });

  it('sees a report that contradicts itself or the rows', () => {
    const reports = [{ ...springReport, blocked: { ...springReport.blocked, total: 1 } }];
    expect(audit({ ...evidence(), reports }).contradictions).toEqual([
      'spring-0301-080000: audience is 5 in the report; by permitted + blocked + held + expired it is 4.',
      'spring-0301-080000: blocked is 1 in the report; by their sources it is 2.',
      'spring-0301-080000: blocked is 1 in the report; by their causes it is 2.',
      'spring-0301-080000: blocked is 1 in the report; by messages in the database it is 2.',
    ]);
  });

  it('sees a contact of the lists that was forgotten, and a row that was miscounted', () => {
    const lists = [{ campaign, contacts: 5, unreadable: 1, besides: new Set(['Dan']) }];
    expect(audit({ ...evidence(), lists }).contradictions).toEqual([
      'spring-0301-080000: unreadable is 0 in the report; by the lists it is 1.',
      'spring-0301-080000: the lists hold 5 contacts, 4 messages were decided for them.',
    ]);
  });

  it('names nobody', () => {
    const { log, ...rest } = evidence();
    const all = audit({ ...rest, log: log.map((message) => ({ ...message, to: 'Zoe', acceptedAt: at(900) })) });
    expect(all.contradictions.length).toBeGreaterThan(0);
    expect(all.contradictions.join()).not.toMatch(/Ann|Ben|Cid|Zoe/);
  });
});

describe('what the audit reads', () => {
  let product: Product;
  let store: AuditStore;
  const CAMPAIGN = 'spring-audited';

  beforeAll(async () => {
    product = await openProduct();
    store = auditStore(product.storage.db);
  });
  afterAll(() => product.close());

  it('are the messages of a campaign and any others by id, with their destinations and states', async () => {
    const sent = await send('385911000001', 'a', CAMPAIGN);
    const waiting = await product.claim({ to: '385911000002', key: 'b', campaign: CAMPAIGN });
    const other = await send('385911000003', 'c');
    await send('385911000004', 'd', 'another');
    const expected = [
      { id: sent, destination: '385911000001', state: 'sent', kind: 'message', campaign: CAMPAIGN },
      { id: waiting.id, destination: '385911000002', state: 'claimed', kind: 'message', campaign: CAMPAIGN },
      { id: other, destination: '385911000003', state: 'sent', kind: 'message' },
    ];
    const read = await store.messages([CAMPAIGN], [other, sent, 'no uuid']);
    expect(read).toHaveLength(3);
    expect(read).toEqual(expect.arrayContaining(expected));
    expect(await store.unsettled([CAMPAIGN])).toEqual({ open: 1, unread: 0, outbox: 0 });
  });

  it('are replies as they were read, pressed links, and people who opted out under the campaign', async () => {
    const first = await send('385911000011', 'e', CAMPAIGN);
    const second = await send('385911000012', 'f', CAMPAIGN);
    await send('385911000013', 'g', CAMPAIGN);
    await product.reply({ from: '385911000011', text: 'STOP', id: 'stop', inReplyTo: first });
    await product.reply({ from: '385911000013', text: 'thanks', id: 'thanks' });
    expect(await store.replies('sandbox', ['stop'])).toEqual([{ messageId: 'stop' }]);
    expect((await store.unsettled([CAMPAIGN])).unread).toBe(2);
    for (let shard = 0; shard < INBOUND_SHARDS; shard += 1)
      await drainShard(product.storage.db, shard, async () => ({ keywords: [], policy: DEFAULT_POLICY }));
    await pressOptOutLink(product.storage, [LINK_KEY], await tokenOf(second), new Date());
    expect(await store.replies('sandbox', ['stop', 'thanks', 'unknown'])).toEqual(
      expect.arrayContaining([
        { messageId: 'stop', action: 'BLOCK', optOut: {} },
        { messageId: 'thanks', action: 'NONE' },
      ]),
    );
    expect(await store.pressedLinks([first, second])).toEqual([second]);
    expect(await store.peopleOptedOut(CAMPAIGN)).toBe(2);
    expect(await store.peopleOptedOut('another')).toBe(0);
  });

  it('are opt-outs that no reply and no link brought, with the moment from which they hold for certain', async () => {
    await send('385911000021', 'h', CAMPAIGN);
    await product.storage.optOuts.optOut([
      {
        accountId: 1,
        contactId: await product.contact('385911000021'),
        source: 'CUSTOM',
        channel: 'SMS',
        sender: '+10950',
        receivedAt: new Date(),
        actor: 'operator:test',
      },
    ]);
    const listed = await store.listedOptOuts([CAMPAIGN]);
    expect(listed).toEqual([
      {
        destination: '385911000021',
        source: 'CUSTOM',
        channel: 'SMS',
        senderKey: '10950',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
        holdsFrom: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      },
    ]);
    const [entry] = listed;
    expect(Date.parse(entry?.holdsFrom ?? '') - Date.parse(entry?.at ?? '')).toBe(2_000);
    expect(Math.abs(Date.parse(entry?.at ?? '') - Date.now())).toBeLessThan(60_000);
  });

  async function send(to: string, key: string, campaign?: string): Promise<string> {
    const row = await product.claim({ to, key, ...(campaign === undefined ? {} : { campaign }) });
    const stored = await readSend(product.storage.db, row.id);
    await handOver(product.storage.permits, product.deps.providerFor('SMS'), {
      ...stored,
      permitIds: [row.id],
      textOf: () => 'Spring!',
    });
    return row.id;
  }

  async function tokenOf(permitId: string): Promise<string> {
    const stored = await readSend(product.storage.db, permitId);
    const text = withOptOutLink(product.deps.links, '{{optOutLink}}', stored, stored);
    return text.slice(text.lastIndexOf('/') + 1);
  }
});

const campaign = 'spring-0301-080000';
const springReport = summariseCampaign(campaign, '00000000000000000000000000000001', {
  messages: [
    { state: 'sent', delivery: 'DELIVERED', messages: 3 },
    { state: 'blocked', blockedBy: 'CUSTOM', cause: 'winter-sale', messages: 1 },
    { state: 'revoked', blockedBy: 'MO', cause: campaign, messages: 1 },
  ],
  optOuts: [
    { source: 'MO', channel: 'SMS', confidence: 'exact', isFirstTouch: true, people: 1 },
    { source: 'URL_OPT_OUT', channel: 'SMS', confidence: 'exact', isFirstTouch: true, people: 1 },
  ],
  replies: 1,
  invalid: 0,
  secondsToOptOut: { p50: 0.2, p90: 0.3, p99: 0.3 },
});

/** Ann replies STOP to her message, Ben presses the link in his, Cid is content; Dan is on the list; Ann is on a second one. */
function evidence(): Evidence {
  return {
    reports: [springReport],
    log: [logged(1, 'Ann', 10), logged(2, 'Ben', 20), logged(3, 'Cid', 30)],
    deliveries: [
      delivery('stop', 'Ann', 100, 104),
      delivery(id(2), 'Ben', 200, 220.5, { via: 'link', inReplyTo: id(2) }),
    ],
    messages: [
      { id: id(1), destination: 'Ann', state: 'sent', kind: 'message', campaign },
      { id: id(2), destination: 'Ben', state: 'sent', kind: 'message', campaign },
      { id: id(3), destination: 'Cid', state: 'sent', kind: 'message', campaign },
      { id: id(4), destination: 'Dan', state: 'blocked', kind: 'message', campaign },
      { id: id(5), destination: 'Ann', state: 'revoked', kind: 'message', campaign },
    ],
    replies: [{ messageId: 'stop', action: 'BLOCK', optOut: {} }],
    pressedLinks: [id(2)],
    listedOptOuts: [{ destination: 'Dan', source: 'CUSTOM', at: at(-9), holdsFrom: at(-7) }],
    peopleOptedOut: new Map([[campaign, 2]]),
    projection: { contacts: 3, events: 3, entries: 3, differences: 0, examples: [] },
    scriptedOptOuts: 2,
    lists: [{ campaign, contacts: 4, unreadable: 0, besides: new Set(['Dan']) }],
    optedOutBefore: new Set(['Dan']),
  };
}

function id(n: number): string {
  return `00000000-0000-8000-8000-00000000000${n}`;
}

/** Milliseconds into the run, as the sandbox writes it. */
function at(ms: number): string {
  const whole = Math.floor(ms);
  const micro = Math.round((ms - whole) * 1_000);
  const start = Date.parse('2027-03-01T08:00:00Z');
  return `${new Date(start + whole).toISOString().slice(0, -1)}${String(micro).padStart(3, '0')}Z`;
}

function logged(n: number, to: string, ms: number): LoggedMessage {
  const text = `Spring! STOP, or http://127.0.0.1:8080/u/token${n}`;
  const parties = { to, channel: 'SMS', sender: '10960', text, kind: 'message' } as const;
  return { seq: n, messageId: id(n), acceptedAt: at(ms), campaignReferenceId: campaign, ...parties };
}

function delivery(
  messageId: string,
  from: string,
  begun: number,
  acknowledged: number,
  other: Partial<DeliveryRecord> = {},
): DeliveryRecord {
  const times = { begunAt: at(begun), acknowledgedAt: at(acknowledged) };
  const answer = { n: 1, attempts: 1, status: 200, via: 'reply', inReplyTo: null } as const;
  return { messageId, from, to: '10960', channel: 'SMS', ...times, ...answer, ...other };
}
