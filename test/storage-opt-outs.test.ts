// Opt-outs, opt-ins and replies on real Postgres: what they write, what they take back, and when they are answered.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Account } from '../src/storage/accounts.js';
import type { OptIn, Written } from '../src/storage/opt-outs.js';
import { optOutStore, pages } from '../src/storage/opt-outs.js';
import type { Database } from '../src/storage/database.js';
import { only, openWorld, type World } from './race/world.js';
import { createTestDatabase, type TestDatabase } from './support/servers.js';

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await createTestDatabase({ migrated: true });
  world = await openWorld(database.url);
});

afterAll(async () => {
  await world.storage.close();
  await database.drop();
});

const at = (seconds: number): Date => new Date(Date.UTC(2030, 0, 1) + seconds * 1000);

async function optIn(
  account: Account,
  contactId: string,
  seconds: number,
  changes: Partial<OptIn> = {},
): Promise<Written> {
  const item: OptIn = {
    accountId: account.id,
    contactId,
    source: 'MO',
    sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN'],
    receivedAt: at(seconds),
    actor: 'person',
    ...changes,
  };
  return only(await world.storage.optOuts.optIn([item]));
}

const rows = async <T extends object>(text: string, ...values: readonly unknown[]): Promise<T[]> =>
  (await world.storage.db.query<T & Record<string, unknown>>(text, values)).rows;

const entriesOf = (contactId: string) =>
  rows<{ source: string; covers: string; campaign: string | null; last: Date }>(
    `select e.source, e.covers, c.reference as campaign, e.last_received_at as last
     from blocklist_entries e left join campaigns c on c.id = e.campaign_id where e.contact_id = $1 order by e.id`,
    contactId,
  );

const claimOne = async (streamId: number, contactId: string, options: Parameters<World['claim']>[2] = {}) =>
  only(await world.claim(streamId, [contactId], options));

describe('An opt-out', () => {
  test('takes back what was permitted or held in its scope, and nothing beside it', async () => {
    const { root, sub, sibling } = await world.tree();
    const contactId = await world.phone(root);
    const inScope = await claimOne(await world.stream(sub), contactId);
    const held = await claimOne(await world.stream(sub), contactId, { quietUntil: new Date(Date.now() + 60_000) });
    const beside = [
      await claimOne(await world.stream(sibling), contactId),
      await claimOne(await world.stream(sub, { sender: 'Acme' }), contactId),
      await claimOne(await world.stream(sub, { channel: 'RCS' }), contactId),
      await claimOne(await world.stream(sub, { kind: 'confirmation', purpose: 'SERVICE' }), contactId),
      await claimOne(await world.stream(sub), await world.phone(root)),
    ];
    await world.optOut(sub, contactId, { channel: 'SMS', sender: '+10950' });
    expect([await world.state(inScope.id), await world.state(held.id)]).toEqual(['revoked', 'revoked']);
    expect(await Promise.all(beside.map(({ id }) => world.state(id)))).toEqual(beside.map(() => 'claimed'));
  });

  test('from marketing leaves service messages alone until it is widened to all', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const marketing = await claimOne(await world.stream(root), contactId);
    const service = await claimOne(await world.stream(root, { purpose: 'SERVICE' }), contactId);
    await world.optOut(root, contactId, { covers: 'MARKETING' });
    expect([await world.state(marketing.id), await world.state(service.id)]).toEqual(['revoked', 'claimed']);
    await world.optOut(root, contactId, { covers: 'ALL' });
    expect(await world.state(service.id)).toBe('revoked');
  });

  test('keeps the campaign of the first one and the time of the latest', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const [first, second] = [
      await world.storage.streams.campaignId(root.id, 'first'),
      await world.storage.streams.campaignId(root.id, 'second'),
    ];
    await world.optOut(root, contactId, { source: 'MO', campaignId: first, receivedAt: at(1) });
    await world.optOut(root, contactId, { source: 'MO', campaignId: second, receivedAt: at(5) });
    await world.optOut(root, contactId, { source: 'MO', campaignId: second, receivedAt: at(3) });
    expect(await entriesOf(contactId)).toEqual([{ source: 'MO', covers: 'ALL', campaign: 'first', last: at(5) }]);
    const ledger = await rows<{ effect: string; campaign: string }>(
      `select e.effect, c.reference as campaign from blocklist_events e join campaigns c on c.id = e.campaign_id
       where e.contact_id = $1 order by e.id`,
      contactId,
    );
    expect(ledger).toEqual([
      { effect: 'added', campaign: 'first' },
      { effect: 'already', campaign: 'second' },
      { effect: 'already', campaign: 'second' },
    ]);
  });

  test('of a domain takes back the permits of its people, and is answered when none of their calls can start', async () => {
    const { root } = await world.tree();
    const { people, domain } = await world.mailboxes(root, 3);
    const stream = await world.stream(root, { channel: 'EMAIL', sender: 'news@shop.example' });
    const claimed = await world.claim(stream, people);
    const [inDispatch, ...others] = claimed.map((row) => row.id);
    await world.storage.permits.fence(root.rootId, [inDispatch ?? '']);
    const before = performance.now();
    await world.optOut(root, domain, { domain: true });
    expect(performance.now() - before).toBeGreaterThan(1_900);
    expect(await Promise.all(others.map((id) => world.state(id)))).toEqual(['revoked', 'revoked']);
    const settled = await world.storage.permits.settle([{ id: inDispatch ?? '', attempt: 1, state: 'claimed' }]);
    expect(only(settled).state).toBe('revoked');
  });

  test('of a domain whose process died before its people were reached is finished by the sweep', async () => {
    const { root } = await world.tree();
    const { people, domain } = await world.mailboxes(root, 3);
    const stream = await world.stream(root, { channel: 'EMAIL', sender: 'news@shop.example' });
    const claimed = await world.claim(stream, people);
    const { db, permits } = world.storage;
    const dying: Database = {
      ...db,
      query: (text, values) =>
        text.includes('blocklist_revoke_domain') ? Promise.reject(new Error('died')) : db.query(text, values),
    };
    const optOut = {
      accountId: root.id,
      contactId: domain,
      source: 'CUSTOM',
      receivedAt: new Date(),
      actor: 'x',
    } as const;
    await expect(optOutStore(dying, permits).optOut([{ ...optOut, domain: true }])).rejects.toThrow('died');
    const states = () => Promise.all(claimed.map(({ id }) => world.state(id)));
    expect(await states()).toEqual(['claimed', 'claimed', 'claimed']);
    // Not while the process may still be at it.
    expect(await world.storage.optOuts.finishDomains()).toBe(0);
    await rows(`update domain_revocations set begun_at = begun_at - interval '1 minute'`);
    expect(await world.storage.optOuts.finishDomains()).toBe(1);
    expect(await states()).toEqual(['revoked', 'revoked', 'revoked']);
    expect(await world.storage.optOuts.finishDomains()).toBe(0);
  });

  test('from marketing ends no flow that sends service messages alone; one from all does', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const flowContactId = await world.storage.flows.register(
      { workflowId: randomUUID(), firstRunId: randomUUID() },
      contactId,
      root.id,
    );
    await claimOne(await world.stream(root, { purpose: 'SERVICE' }), contactId, { flowContactId });
    const signals = async (): Promise<number> =>
      (await rows(`select from outbox where payload ->> 'flowContact' = $1`, flowContactId)).length;
    await world.optOut(root, contactId, { covers: 'MARKETING' });
    expect(await signals()).toBe(0);
    await world.optOut(root, contactId);
    expect(await signals()).toBe(1);
  });

  test('of several domains never waits in a circle with new addresses of the same domains', async () => {
    const { root } = await world.tree();
    const [first, second] = [(await world.mailboxes(root, 1)).domain, (await world.mailboxes(root, 1)).domain];
    const hashOf = (value: string): Buffer => world.storage.contacts.hash({ kind: 'email', value });
    const [hostOfFirst, hostOfSecond] = [await world.destination(first), await world.destination(second)];
    const later = `later@${hostOfFirst}`;
    // New rows are written in order of their hash: this address of the second domain comes before that of the first.
    const candidates = Array.from({ length: 200 }, (_, i) => `n${i}@${hostOfSecond}`);
    const earlier = candidates.find((value) => Buffer.compare(hashOf(value), hashOf(later)) < 0) ?? '';
    let creation: Promise<unknown> | undefined;
    await world.storage.db.transaction(async (tx) => {
      await tx.query('select blocklist_lock_for_change($1::bigint[])', [[first]]);
      creation = world.storage.contacts.resolve(
        root.rootId,
        [later, earlier].map((value) => ({ kind: 'email', value })),
      );
      await sleep(150);
      const before = performance.now();
      await tx.query('select blocklist_lock_for_change($1::bigint[])', [[second]]);
      expect(performance.now() - before).toBeLessThan(500);
    });
    await creation;
  });

  test('cannot be changed or removed from the ledger', async () => {
    const { root } = await world.tree();
    await world.optOut(root, await world.phone(root));
    const change = (text: string) => world.storage.db.query(text);
    await expect(change('update blocklist_events set actor = $$x$$')).rejects.toThrow('SQLSTATE 23001');
    await expect(change('delete from blocklist_events')).rejects.toThrow('SQLSTATE 23001');
    await expect(change('truncate blocklist_events cascade')).rejects.toThrow('SQLSTATE 23001');
  });

  test('of a set goes in order of contact, and never twice the same contact in one transaction', () => {
    const set = ['12', '5', '12', '110', '5', '12'].map((contactId) => ({ contactId }));
    const split = pages(set).map((page) => page.map(({ n, item }) => [item.contactId, n]));
    expect(split).toEqual([
      [
        ['5', 1],
        ['12', 0],
        ['110', 3],
      ],
      [
        ['5', 4],
        ['12', 2],
      ],
      [['12', 5]],
    ]);
  });
});

describe('An opt-in', () => {
  test('counts only if it was received later than the last opt-out: a tie blocks', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    await world.optOut(root, contactId, { source: 'MO', receivedAt: at(10) });
    expect((await optIn(root, contactId, 9)).effect).toBe('nothing');
    expect((await optIn(root, contactId, 10)).effect).toBe('nothing');
    expect((await claimOne(await world.stream(root), contactId)).state).toBe('blocked');
    expect((await optIn(root, contactId, 11)).effect).toBe('removed');
    expect((await claimOne(await world.stream(root), contactId)).state).toBe('claimed');
  });

  test('never lifts an operator’s entry, nor a complaint', async () => {
    const { root } = await world.tree();
    const [custom, complaint] = [await world.phone(root), await world.phone(root)];
    await world.optOut(root, custom, { source: 'CUSTOM', receivedAt: at(0) });
    await world.optOut(root, complaint, { source: 'MO', complaint: true, receivedAt: at(0) });
    expect((await optIn(root, custom, 100)).effect).toBe('nothing');
    expect((await optIn(root, complaint, 100)).effect).toBe('nothing');
  });

  test('of a sender leaves wider entries, of everything reaches the account and those below it', async () => {
    const { root, sub } = await world.tree();
    const contactId = await world.phone(root);
    await world.optOut(root, contactId, { source: 'MO', receivedAt: at(0) });
    await world.optOut(sub, contactId, { source: 'MO', receivedAt: at(0) });
    await world.optOut(sub, contactId, { source: 'MO', receivedAt: at(0), channel: 'SMS', sender: '10950' });
    expect((await optIn(sub, contactId, 1, { channel: 'SMS', sender: '+10950' })).effect).toBe('removed');
    expect(await entriesOf(contactId)).toHaveLength(2);
    expect((await optIn(sub, contactId, 2)).effect).toBe('removed');
    expect(await entriesOf(contactId)).toHaveLength(1);
    expect((await optIn(root, contactId, 3)).effect).toBe('removed');
  });

  test('by an operator lifts exactly the record named, unless the person has spoken since', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    await world.optOut(root, contactId, { source: 'CUSTOM', receivedAt: at(50) });
    await world.optOut(root, contactId, { source: 'CUSTOM', receivedAt: at(50), channel: 'SMS' });
    const operator = { source: 'CUSTOM', sources: ['CUSTOM'], exact: true, actor: 'operator:test' } as const;
    expect((await optIn(root, contactId, 60, { ...operator, channel: 'RCS' })).effect).toBe('nothing');
    expect((await optIn(root, contactId, 49, { ...operator, channel: 'SMS' })).effect).toBe('nothing');
    expect((await optIn(root, contactId, 50, { ...operator, channel: 'SMS' })).effect).toBe('nothing');
    expect((await optIn(root, contactId, 51, { ...operator, channel: 'SMS' })).effect).toBe('removed');
    expect(await entriesOf(contactId)).toHaveLength(1);
  });

  test('does not bring back what the opt-out took', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const taken = await claimOne(await world.stream(root), contactId);
    await world.optOut(root, contactId, { source: 'MO', receivedAt: at(0) });
    await optIn(root, contactId, 1);
    expect(await world.state(taken.id)).toBe('revoked');
  });
});

describe('A reply', () => {
  test('holds the person’s marketing permits in the account tree, not service messages, not other trees', async () => {
    const { root, sub } = await world.tree();
    const other = (await world.tree()).root;
    const contactId = await world.phone(root);
    const value = await world.destination(contactId);
    const elsewhere = only(await world.storage.contacts.resolve(other.rootId, [{ kind: 'phone', value }]));
    const held = [
      await claimOne(await world.stream(sub), contactId),
      await claimOne(await world.stream(root, { channel: 'RCS', sender: 'Acme' }), contactId),
    ];
    const beside = [
      await claimOne(await world.stream(root, { purpose: 'SERVICE' }), contactId),
      await claimOne(await world.stream(other, { sender: 'Other' }), elsewhere),
    ];
    await world.receive(contactId);
    expect(await Promise.all(held.map(({ id }) => world.state(id)))).toEqual(['held', 'held']);
    expect(await Promise.all(beside.map(({ id }) => world.state(id)))).toEqual(['claimed', 'claimed']);
  });

  test('delivered again changes nothing, also when both come at once', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const delivery = { messageId: randomUUID(), accountKey: root.key };
    const answers = await Promise.all([1, 2, 3].map(() => world.receive(contactId, delivery)));
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(1);
    expect(answers.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(2);
  });

  test('belongs to the account of the message it names, else of the latest from that sender, else to the one given', async () => {
    const { root, sub, sibling } = await world.tree();
    const contactId = await world.phone(root);
    const paired = await claimOne(await world.stream(sub), contactId);
    await claimOne(await world.stream(sibling), contactId);
    const accountOf = async (messageId: string): Promise<number> =>
      only(await rows<{ id: number }>('select account_id as id from inbox where message_id = $1', messageId)).id;
    const sent = async (to: string, inReplyTo?: string): Promise<number> => {
      const messageId = randomUUID();
      const paired = inReplyTo === undefined ? {} : { inReplyTo };
      await world.receive(contactId, { to, messageId, accountKey: root.key, ...paired });
      return accountOf(messageId);
    };
    expect(await sent('+10950', paired.id)).toBe(sub.id);
    expect(await sent('10950')).toBe(sibling.id);
    expect(await sent('20202')).toBe(root.id);
    expect(await sent('10950', randomUUID())).toBe(sibling.id);
  });

  test('in review keeps its hold; reading the others does not end it', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const { id } = await claimOne(await world.stream(root), contactId);
    await world.receive(contactId);
    await world.receive(contactId);
    await world.readReplies(contactId, 1);
    expect(await world.state(id)).toBe('held');
    await rows(`update inbox set state = 'read' where contact_id = $1`, contactId);
    await rows('select blocklist_release($1::bigint[])', [contactId]);
    expect(await world.state(id)).toBe('claimed');
  });

  test('read as an opt-out ends what it held as blocked', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const { id } = await claimOne(await world.stream(root), contactId);
    await world.receive(contactId);
    await world.optOut(root, contactId, { source: 'MO' });
    await world.readReplies(contactId);
    expect(await world.state(id)).toBe('revoked');
  });
});
