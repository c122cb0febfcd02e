// The claim on real Postgres, one rule at a time. What happens when everything happens at once is race.test.ts.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HaltScope } from '../src/storage/halts.js';
import type { Account } from '../src/storage/accounts.js';
import type { PermitRow } from '../src/storage/permits.js';
import { only, openWorld, type World } from './race/world.js';
import { createTestDatabase, type TestDatabase } from './support/servers.js';

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await createTestDatabase({ migrated: true });
  world = await openWorld(database.url, 24);
});

afterAll(async () => {
  await world.storage.close();
  await database.drop();
});

/** State and, of a held one, the reason. */
const told = (row: PermitRow): string => (row.holdReason === null ? row.state : `${row.state} ${row.holdReason}`);
const claimOne = async (streamId: number, contactId: string, options: Parameters<World['claim']>[2] = {}) =>
  only(await world.claim(streamId, [contactId], options));
const soon = (ms: number): Date => new Date(Date.now() + ms);

async function halted<T>(account: Account, scope: HaltScope, work: () => Promise<T>): Promise<T> {
  const id = await setHalt(account, scope);
  try {
    return await work();
  } finally {
    await world.storage.db.query('update halts set resumed_at = now() where id = $1', [id]);
  }
}

/** Without the wait for calls in flight, which there are none of. */
async function setHalt(account: Account, scope: HaltScope): Promise<number> {
  const halt = await world.storage.db.query<{ id: number }>(
    `insert into halts (account_id, channel, sender_key, reason, actor) values ($1, $2, $3, 'test', 'test') returning id`,
    [account.id, scope.channel ?? null, scope.sender ?? null],
  );
  return only(halt.rows).id;
}

describe('What an entry covers', () => {
  test('A parent account’s entry blocks its subaccounts, a subaccount’s neither its parent nor its sibling', async () => {
    const { root, sub, sibling } = await world.tree();
    const [byRoot, bySub] = [await world.phone(root), await world.phone(root)];
    await world.optOut(root, byRoot);
    await world.optOut(sub, bySub);
    const state = async (account: Account, contactId: string): Promise<string> =>
      told(await claimOne(await world.stream(account), contactId));
    expect([await state(root, byRoot), await state(sub, byRoot), await state(sibling, byRoot)]).toEqual([
      'blocked',
      'blocked',
      'blocked',
    ]);
    expect([await state(root, bySub), await state(sub, bySub), await state(sibling, bySub)]).toEqual([
      'claimed',
      'blocked',
      'claimed',
    ]);
  });

  test('An entry for a channel leaves the other channels alone', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    await world.optOut(root, contactId, { channel: 'SMS' });
    expect((await claimOne(await world.stream(root, { channel: 'SMS' }), contactId)).state).toBe('blocked');
    expect((await claimOne(await world.stream(root, { channel: 'RCS' }), contactId)).state).toBe('claimed');
  });

  test('An entry for a sender matches it however it is written, and no other sender', async () => {
    const { root } = await world.tree();
    const [phone, mailbox] = [await world.phone(root), only((await world.mailboxes(root, 1)).people)];
    await world.optOut(root, phone, { channel: 'SMS', sender: '+1 0950' });
    await world.optOut(root, mailbox, { channel: 'EMAIL', sender: 'News@Shop.Example' });
    const sms = async (sender: string) => (await claimOne(await world.stream(root, { sender }), phone)).state;
    const mail = async (sender: string) =>
      (await claimOne(await world.stream(root, { channel: 'EMAIL', sender }), mailbox)).state;
    expect([await sms('10950'), await sms('+10950'), await sms('10951')]).toEqual(['blocked', 'blocked', 'claimed']);
    expect([await mail('Shop <news@shop.example>'), await mail('other@shop.example')]).toEqual(['blocked', 'claimed']);
  });

  test('An e-mail domain’s entry blocks its addresses on the e-mail channel and no subdomain', async () => {
    const { root } = await world.tree();
    const { people, domain } = await world.mailboxes(root, 2);
    const elsewhere = only((await world.mailboxes(root, 1)).people);
    await world.optOut(root, domain, { domain: true });
    const stream = await world.stream(root, { channel: 'EMAIL', sender: 'news@shop.example' });
    const rows = await world.claim(stream, [...people, elsewhere]);
    expect(people.map((id) => rows.find((row) => row.contactId === id)?.state)).toEqual(['blocked', 'blocked']);
    expect(rows.find((row) => row.contactId === elsewhere)?.state).toBe('claimed');
  });

  test('An entry that covers marketing lets a service message through; one that covers all lets none through', async () => {
    const { root } = await world.tree();
    const [some, all] = [await world.phone(root), await world.phone(root)];
    await world.optOut(root, some, { covers: 'MARKETING' });
    await world.optOut(root, all);
    const marketing = await world.stream(root);
    const service = await world.stream(root, { purpose: 'SERVICE' });
    expect((await claimOne(marketing, some)).state).toBe('blocked');
    expect((await claimOne(service, some)).state).toBe('claimed');
    expect((await claimOne(service, all)).state).toBe('blocked');
  });

  test('Of several entries the one named is the hardest to lift', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    await world.optOut(root, contactId, { source: 'URL_OPT_OUT' });
    await world.optOut(root, contactId, { source: 'CUSTOM' });
    const operators = await entryOf(contactId, 'CUSTOM');
    expect((await claimOne(await world.stream(root), contactId)).blockedBy).toBe(operators);
    await world.optOut(root, contactId, { source: 'MO', complaint: true });
    const complaint = await entryOf(contactId, 'MO');
    expect((await claimOne(await world.stream(root), contactId)).blockedBy).toBe(complaint);
  });

  test('A confirmation passes the entry it confirms, but not a halt', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    await world.optOut(root, contactId, { source: 'MO' });
    const confirmations = await world.stream(root, { kind: 'confirmation', purpose: 'SERVICE' });
    expect((await claimOne(confirmations, contactId)).state).toBe('claimed');
    expect(await halted(root, {}, async () => told(await claimOne(confirmations, contactId)))).toBe('held HALT');
  });

  const entryOf = async (contactId: string, source: string): Promise<string> => {
    const found = await world.storage.db.query<{ id: string }>(
      'select id from blocklist_entries where contact_id = $1 and source = $2',
      [contactId, source],
    );
    return only(found.rows).id;
  };
});

describe('What holds a message', () => {
  test('The order is entry, halt, unread reply, quiet hours, cap', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const cap = { messages: 1, perSeconds: 3_600 };
    const all = { quietUntil: soon(60_000), cap };
    await claimOne(stream, contactId);
    const found: string[] = [];
    found.push(told(await claimOne(stream, contactId, { cap })));
    found.push(told(await claimOne(stream, contactId, all)));
    await world.receive(contactId);
    found.push(told(await claimOne(stream, contactId, all)));
    await halted(root, {}, async () => {
      found.push(told(await claimOne(stream, contactId, all)));
      await world.optOut(root, contactId);
      found.push(told(await claimOne(stream, contactId, all)));
    });
    expect(found).toEqual(['held FREQUENCY_CAP', 'held QUIET_HOURS', 'held UNREAD_REPLY', 'held HALT', 'blocked']);
  });

  test('A service message passes unread replies, quiet hours and caps, but no halt', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    await claimOne(await world.stream(root), contactId);
    await world.receive(contactId);
    const service = await world.stream(root, { purpose: 'SERVICE' });
    const options = { quietUntil: soon(60_000), cap: { messages: 1, perSeconds: 3_600 } };
    expect(told(await claimOne(service, contactId, options))).toBe('claimed');
    expect(await halted(root, {}, async () => told(await claimOne(service, contactId)))).toBe('held HALT');
  });

  test('A halt covers its account and those below, its channel and its sender', async () => {
    const { root, sub, sibling } = await world.tree();
    const contactId = await world.phone(root);
    const held = async (account: Account, channel: 'SMS' | 'RCS', sender: string): Promise<boolean> =>
      (await claimOne(await world.stream(account, { channel, sender }), contactId)).holdReason === 'HALT';
    await halted(sub, { channel: 'SMS', sender: '10950' }, async () => {
      expect(await held(sub, 'SMS', '+10950')).toBe(true);
      expect(await held(sub, 'RCS', '10950')).toBe(false);
      expect(await held(sub, 'SMS', 'Acme')).toBe(false);
      expect(await held(sibling, 'SMS', '10950')).toBe(false);
    });
    await halted(root, {}, async () => expect(await held(sibling, 'RCS', 'Acme')).toBe(true));
    expect(await held(sub, 'SMS', '10950')).toBe(false);
  });

  test('A halt stops at the fence what was permitted before it', async () => {
    const { root } = await world.tree();
    const row = await claimOne(await world.stream(root), await world.phone(root));
    await halted(root, {}, async () => {
      expect(await world.fence(root, [row.id])).toEqual([]);
      expect(await world.state(row.id)).toBe('held');
    });
  });

  test('A message held by quiet hours says until when, and goes out when asked again after that', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const again = { ids: [randomUUID()], claimant: randomUUID() };
    const until = soon(300);
    expect((await claimOne(stream, contactId, { ...again, quietUntil: until })).heldUntil).toEqual(until);
    await sleep(310);
    expect((await claimOne(stream, contactId, { ...again, quietUntil: until })).state).toBe('claimed');
  });

  test('Two claims at once under a cap of one are never both permitted', async () => {
    const { root } = await world.tree();
    const stream = await world.stream(root);
    const options = { cap: { messages: 1, perSeconds: 3_600 } };
    const pairs = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const contactId = await world.phone(root);
        const rows = await Promise.all([claimOne(stream, contactId, options), claimOne(stream, contactId, options)]);
        return rows.map(told).sort().join(' and ');
      }),
    );
    expect(new Set(pairs)).toEqual(new Set(['claimed and held FREQUENCY_CAP']));
  });

  test('A cap counts the messages of one batch, and blocks where that was asked for', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const cap = { messages: 2, perSeconds: 3_600, over: 'block' } as const;
    const rows = await world.claim(await world.stream(root), [contactId, contactId, contactId], { cap });
    expect(rows.map(told).sort()).toEqual(['blocked', 'claimed', 'claimed']);
  });

  test('What a cap reserved is given back by an end that is not a send', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const options = { cap: { messages: 1, perSeconds: 3_600 } };
    const first = await claimOne(stream, contactId, options);
    const [attempt] = await world.fence(root, [first.id]);
    await world.storage.permits.settle([{ id: first.id, attempt: attempt?.attempt ?? 0, state: 'rejected' }]);
    expect((await claimOne(stream, contactId, options)).state).toBe('claimed');
  });

  test('A message held for longer than the cap’s period counts from when it was let go', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const cap = { messages: 1, perSeconds: 1 };
    const again = { ids: [randomUUID()], claimant: randomUUID(), cap };
    await claimOne(stream, contactId, { ...again, quietUntil: soon(1_100) });
    await sleep(1_150);
    expect((await claimOne(stream, contactId, again)).state).toBe('claimed');
    expect(told(await claimOne(stream, contactId, { cap }))).toBe('held FREQUENCY_CAP');
  });

  test('A key used before counts against the cap of the batch it is repeated in', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const cap = { messages: 1, perSeconds: 3_600 };
    const [first = '', second = ''] = [randomUUID(), randomUUID()].sort();
    await claimOne(stream, contactId, { ids: [second], cap });
    const rows = await world.claim(stream, [contactId, contactId], { ids: [first, second], cap });
    expect(rows.find((row) => row.id === first)?.state).toBe('held');
  });
});

describe('One key, one message', () => {
  test('The same claimant gets its stored permit back, another one a duplicate with the first outcome', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const again = { ids: [randomUUID()], claimant: randomUUID() };
    await claimOne(stream, contactId, again);
    const retried = await claimOne(stream, contactId, again);
    expect([retried.mine, retried.state]).toEqual([true, 'claimed']);
    const other = await claimOne(stream, contactId, { ids: again.ids });
    expect([other.mine, other.state]).toEqual([false, 'claimed']);
    const [attempt] = await world.fence(root, again.ids);
    await world.storage.permits.settle([{ id: retried.id, attempt: attempt?.attempt ?? 0, state: 'sent' }]);
    expect((await claimOne(stream, contactId, { ids: again.ids })).state).toBe('sent');
  });

  test('Of many claims of one key at once exactly one has it', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const ids = [randomUUID()];
    const rows = await Promise.all(Array.from({ length: 12 }, () => claimOne(stream, contactId, { ids })));
    expect(rows.filter((row) => row.mine)).toHaveLength(1);
  });

  test('A key repeated within one batch is one message', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const id = randomUUID();
    expect(await world.claim(await world.stream(root), [contactId, contactId], { ids: [id, id] })).toHaveLength(1);
  });

  test('A retry onto another sender is not given the first one’s permit', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const again = { ids: [randomUUID()], claimant: randomUUID() };
    await claimOne(await world.stream(root, { sender: 'First' }), contactId, again);
    await world.fence(root, again.ids, 10);
    await world.optOut(root, contactId, { channel: 'SMS', sender: 'First' });
    await sleep(20);
    const row = await claimOne(await world.stream(root, { sender: 'Second' }), contactId, again);
    expect(row.mine && row.state === 'claimed').toBe(false);
    expect(await world.fence(root, again.ids)).toEqual([]);
  });

  test('A contact of another account tree is refused', async () => {
    const [{ root }, other] = [await world.tree(), await world.tree()];
    const stranger = await world.phone(other.root);
    await expect(claimOne(await world.stream(root), stranger)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('A claim waits for an opt-out in progress and then sees it, whatever isolation the database defaults to', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await world.storage.db.query(`alter database ${name} set default_transaction_isolation = 'repeatable read'`);
    const careless = await openWorld(database.url);
    await world.storage.db.query(`alter database ${name} reset default_transaction_isolation`);
    try {
      const { root } = await world.tree();
      const contactId = await world.phone(root);
      const stream = await world.stream(root);
      const claimed = await world.storage.db.transaction(async (tx) => {
        const item = { n: 0, account: root.id, contact: contactId, source: 'CUSTOM', covers: 'ALL', complaint: false };
        await tx.query('select from blocklist_opt_out($1)', [
          JSON.stringify([{ ...item, receivedAt: new Date().toISOString(), actor: 'test' }]),
        ]);
        const claim = careless.claim(stream, [contactId]).catch((error: unknown) => error);
        await sleep(100);
        return { claim };
      });
      const answer = await claimed.claim;
      // Refused or blocked: anything but a permit.
      expect(answer).not.toMatchObject([{ state: 'claimed' }]);
    } finally {
      await careless.storage.close();
    }
  });
});
