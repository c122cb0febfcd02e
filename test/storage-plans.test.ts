// A process plans its statements once, perhaps on its first day, when the database is empty. The plans have to be right
// for all the days after that: whatever is done for a person reads that person's rows and no others.
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { LIFT_TABLE } from '../src/domain/lifts.js';
import { only, openWorld, type World } from './race/world.js';
import { createTestDatabase } from './support/servers.js';

/** Rows of any one table that one whole conversation may read. Every person of this test has fewer than ten. */
const FEW = 250;

test('Plans made on an empty database read a person’s rows and no others, however many there are later', async () => {
  const database = await createTestDatabase({ migrated: true });
  // One connection: the one that planned everything before there was anything.
  const world = await openWorld(database.url, 1);
  try {
    const { root, sub } = await world.tree();
    const stream = await world.stream(sub);
    for (let i = 0; i < 8; i += 1) await converse(world, sub.key, stream, await world.phone(root));
    await fill(world, root.id, sub.id, 3_000);
    const contactId = await world.phone(root);
    const before = await rowsRead(world);
    await converse(world, sub.key, stream, contactId);
    const after = await rowsRead(world);
    const many = [...after].map(([table, rows]) => [table, rows - (before.get(table) ?? 0)] as const);
    expect(many.filter(([, rows]) => rows > FEW)).toEqual([]);
  } finally {
    await world.storage.close();
    await database.drop();
  }
});

/** Everything that can happen to one person's message, once. */
async function converse(
  { storage, claim }: World,
  accountKey: string,
  stream: number,
  contactId: string,
): Promise<void> {
  const { db, permits, optOuts, inbox, accounts } = storage;
  const account = await accounts.get(accountKey);
  const again = { ids: [randomUUID()], claimant: randomUUID(), cap: { messages: 3, perSeconds: 60 } };
  const { id } = only(await claim(stream, [contactId], again));
  await claim(stream, [contactId], again);
  await claim(stream, [contactId], { ids: again.ids });
  const { attempt } = only(await permits.fence(account.rootId, [id]));
  await permits.settle([{ id, attempt, state: 'claimed' }]);
  const { value } = only(
    (await db.query<{ value: string }>('select value from contact_points where id = $1', [contactId])).rows,
  );
  await storage.contacts.find(account.rootId, [{ kind: 'phone', value }]);
  const reply = { provider: 'test', messageId: id, from: value, to: '10950', channel: 'SMS', text: 'hello' } as const;
  await inbox.receive([{ ...reply, receivedAt: new Date() }]);
  await db.transaction(async (tx) => {
    const unread = await tx.query<{ id: string }>('select inbox_id as id from blocklist_read_replies($1::bigint[])', [
      [contactId],
    ]);
    await tx.query(`update inbox set state = 'read' where id = any ($1::bigint[])`, [unread.rows.map(({ id }) => id)]);
    await tx.query('select blocklist_release($1::bigint[])', [[contactId]]);
  });
  await permits.takeOver(account.rootId, [id], true);
  const change = { accountId: account.id, contactId, source: 'MO', actor: 'person' } as const;
  await optOuts.optOut([{ ...change, receivedAt: new Date(1_000) }]);
  await optOuts.optIn([{ ...change, receivedAt: new Date(2_000), sources: LIFT_TABLE.PERSON_KEYWORD.sources }]);
}

/**
 * Other people, each with a stream, a message, an entry and a reply of his own; every second one in an account of his own, the
 * others in `shared`, as most people of an installation are. No statistics are gathered.
 */
async function fill({ storage: { db } }: World, rootId: number, shared: number, count: number): Promise<void> {
  const filling = [
    `create temporary table others as
     select n, nextval(pg_get_serial_sequence('accounts', 'id'))::integer as account,
       nextval(pg_get_serial_sequence('contact_points', 'id')) as contact,
       nextval(pg_get_serial_sequence('streams', 'id'))::integer as stream,
       nextval(pg_get_serial_sequence('blocklist_events', 'id')) as event
     from generate_series(1, ${count}) n`,
    `insert into accounts (id, key, parent_id, root_id, ancestors) overriding system value
     select account, upper(md5(n::text)), ${rootId}, ${rootId}, array[${rootId}, account] from others`,
    `update others set account = ${shared} where n % 2 = 0`,
    `insert into contact_points (id, root_id, kind, hash, value) overriding system value
     select contact, ${rootId}, 'phone', decode(md5(n::text), 'hex'), n::text from others`,
    `insert into streams (id, account_id, channel, sender, sender_key, purpose, kind) overriding system value
     select stream, account, 'SMS', n::text, n::text, 'MARKETING', 'message' from others`,
    `insert into sends (id, claimant, contact_id, claimed_at, valid_until, stream_id, state)
     select gen_random_uuid(), gen_random_uuid(), contact, now(), now() + interval '1 day', stream, 'claimed' from others`,
    `insert into blocklist_events (id, kind, effect, account_id, contact_id, source, received_at, entry_id, actor)
     overriding system value
     select event, 'BLOCK', 'added', account, contact, 'CUSTOM', now(), event, 'test' from others`,
    `insert into blocklist_entries (id, account_id, contact_id, source, covers, complaint, added_at, last_received_at)
     select event, account, contact, 'CUSTOM', 'ALL', false, now(), now() from others`,
    `insert into inbox (provider, message_id, kind, account_id, contact_id, shard, received_at, state)
     select 'test', n::text, 'REPLY', account, contact, 0, now(), 'unread' from others`,
    `insert into flow_contacts (workflow_id, contact_id, account_id) select n::text, contact, account from others`,
  ];
  for (const statement of filling) await db.query(statement);
}

async function rowsRead({ storage: { db } }: World): Promise<Map<string, number>> {
  await db.query('select pg_stat_force_next_flush()');
  const found = await db.query<{ name: string; rows: number }>(
    `select relname as name, (seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as rows from pg_stat_user_tables`,
  );
  return new Map(found.rows.map(({ name, rows }) => [name, rows]));
}
