// Dispatch on real Postgres, one rule at a time: fence, settle, takeover, barrier, expiry, and connections that break.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../src/storage/database.js';
import { haltStore } from '../src/storage/halts.js';
import { bulkPermits } from '../src/storage/bulk-permits.js';
import type { Settlement } from '../src/storage/permits.js';
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

const claimOne = async (streamId: number, contactId: string, options: Parameters<World['claim']>[2] = {}) =>
  only(await world.claim(streamId, [contactId], options));
const soon = (ms: number): Date => new Date(Date.now() + ms);
const settle = (id: string, attempt: number, state: Settlement['state']) =>
  world.storage.permits.settle([{ id, attempt, state }]);

describe('Dispatch', () => {
  async function inDispatch(windowMs = 2_000, options: Parameters<World['claim']>[2] = {}) {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const again = { ids: [randomUUID()], claimant: randomUUID(), ...options };
    const { id } = await claimOne(stream, contactId, again);
    const { attempt } = only(await world.fence(root, [id], windowMs));
    return { root, contactId, stream, again, id, attempt };
  }

  test('The fence gives a message to one attempt only', async () => {
    const { root, id } = await inDispatch();
    expect(await world.fence(root, [id])).toEqual([]);
  });

  test('Of many fences at once exactly one gets each message', async () => {
    const { root } = await world.tree();
    const people = await Promise.all(Array.from({ length: 20 }, () => world.phone(root)));
    const ids = (await world.claim(await world.stream(root), people)).map((row) => row.id);
    const given = (await Promise.all(Array.from({ length: 8 }, () => world.fence(root, [...ids].reverse())))).flat();
    expect(given.map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  test('An attempt whose window is open is not taken over; one whose window has passed is decided again', async () => {
    const { root, contactId, stream, again, id } = await inDispatch(60);
    expect((await claimOne(stream, contactId, again)).state).toBe('dispatching');
    await sleep(70);
    expect((await claimOne(stream, contactId, again)).state).toBe('claimed');
    expect(only(await world.fence(root, [id])).attempt).toBe(2);
  });

  test('A dead attempt’s message is not handed over again where the provider could take it twice', async () => {
    const { contactId, stream, again } = await inDispatch(1, { mayRepeat: false });
    await sleep(5);
    expect((await claimOne(stream, contactId, again)).state).toBe('unknown');
  });

  test('A dead attempt’s message is not handed over again after an opt-out, even if the person has come back since', async () => {
    for (const isBack of [false, true]) {
      const { root, contactId, stream, again, id } = await inDispatch(30);
      await world.optOut(root, contactId, { source: 'MO', receivedAt: new Date(1_000) });
      if (isBack) {
        const change = { accountId: root.id, contactId, receivedAt: new Date(2_000), actor: 'person' };
        await world.storage.optOuts.optIn([{ ...change, source: 'MO', sources: ['MO'] }]);
      }
      await sleep(40);
      expect((await claimOne(stream, contactId, again)).state).toBe('unknown');
      expect(await world.fence(root, [id])).toEqual([]);
    }
  });

  test('A zombie writes nothing', async () => {
    const { root, contactId, stream, again, id, attempt } = await inDispatch(10);
    await sleep(20);
    await claimOne(stream, contactId, again);
    expect(await settle(id, attempt, 'sent')).toEqual([]);
    await world.fence(root, [id]);
    expect(await settle(id, attempt, 'claimed')).toEqual([]);
    expect(await world.state(id)).toBe('dispatching');
  });

  test('A refused message may be tried again at once', async () => {
    const { root, id, attempt } = await inDispatch();
    expect(only(await settle(id, attempt, 'claimed')).state).toBe('claimed');
    expect(only(await world.fence(root, [id])).attempt).toBe(2);
  });

  test('A message refused after a reply is held, after an opt-out revoked', async () => {
    const replied = await inDispatch();
    const received = world.receive(replied.contactId);
    await sleep(50);
    expect(only(await settle(replied.id, replied.attempt, 'claimed')).state).toBe('held');
    await received;
    const left = await inDispatch();
    const optedOut = world.optOut(left.root, left.contactId);
    await sleep(50);
    expect(only(await settle(left.id, left.attempt, 'claimed')).state).toBe('revoked');
    await optedOut;
  });

  test('A message refused after a reply that has been read since is not held', async () => {
    const { contactId, id, attempt } = await inDispatch();
    const received = world.receive(contactId);
    await sleep(50);
    await world.readReplies(contactId);
    expect(only(await settle(id, attempt, 'claimed')).state).toBe('claimed');
    await received;
  });

  test('An answer waits until the calls that may still start have been settled or have missed their window', async () => {
    const settled = await inDispatch();
    let isAnswered = false;
    const first = world.optOut(settled.root, settled.contactId).then(() => (isAnswered = true));
    await sleep(150);
    expect(isAnswered).toBe(false);
    await settle(settled.id, settled.attempt, 'sent');
    await first;
    const crashed = await inDispatch(300);
    const before = performance.now();
    await world.optOut(crashed.root, crashed.contactId);
    expect(performance.now() - before).toBeGreaterThan(200);
  });

  test('An answer does not wait for messages that were dispatched after the opt-out and out of its scope', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const service = await world.stream(root, { purpose: 'SERVICE' });
    const over = new AbortController();
    const traffic = (async () => {
      while (!over.signal.aborted) {
        const { id } = await claimOne(service, contactId);
        await world.fence(root, [id], 400);
        await sleep(50);
      }
    })();
    await sleep(120);
    const before = performance.now();
    const optedOut = world.optOut(root, contactId, { covers: 'MARKETING' });
    await Promise.race([optedOut, sleep(1_500)]);
    const waitedMs = performance.now() - before;
    over.abort();
    await Promise.all([traffic, optedOut]);
    expect(waitedMs).toBeLessThan(1_000);
  });

  test('Permits that were never used expire, those whose answer is not known end as unknown', async () => {
    const { root } = await world.tree();
    const stream = await world.stream(root);
    const claim = async (): Promise<string> =>
      (await claimOne(stream, await world.phone(root), { validForSeconds: 1 })).id;
    const [unused, dead] = [await claim(), await claim()];
    await world.fence(root, [dead], 10);
    await sleep(1_100);
    expect(await world.fence(root, [unused])).toEqual([]);
    await world.storage.db.query(`select blocklist_expire(now() - interval '1 minute', now())`);
    expect([await world.state(unused), await world.state(dead)]).toEqual(['expired', 'unknown']);
  });

  test('A campaign that was never sent expires in pages, so that no opt-out waits for its end, and each message once', async () => {
    const { root } = await world.tree();
    const { db, permits } = world.storage;
    const [streamId, contactId] = [await world.stream(root), await world.phone(root)];
    await db.query(`delete from sweeps where name = 'expire'`);
    await db.query(
      `insert into sends (id, claimant, contact_id, claimed_at, valid_until, stream_id, state)
       select ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, gen_random_uuid(), $2, now() - interval '1 day',
         now() - interval '3 minutes', $1, 'claimed' from generate_series(1, 10050) i`,
      [streamId, contactId],
    );
    const expired = async (): Promise<number> =>
      only(
        (
          await db.query<{ n: number }>(
            `select count(*)::integer as n from sends where stream_id = $1 and state = 'expired'`,
            [streamId],
          )
        ).rows,
      ).n;
    let sweeps: Promise<number[]> | undefined;
    await db.transaction(async (tx) => {
      await tx.query(`select from sends where id = '00000000-0000-4000-8000-000000010050' for update`);
      sweeps = Promise.all([permits.expire(), permits.expire(), permits.expire()]);
      await expect.poll(expired, { timeout: 20_000 }).toBe(10_000);
    });
    const counts = (await sweeps) ?? [];
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(10_050);
    expect(await expired()).toBe(10_050);
    expect(await permits.expire()).toBe(0);
  });

  test('A message that the provider keeps refusing may be tried more often than a small number holds', async () => {
    const { root, id } = await inDispatch();
    await settle(id, 1, 'claimed');
    await world.storage.db.query('update sends set attempt = 32767 where id = $1', [id]);
    expect(only(await world.storage.permits.fence(root.rootId, [id])).attempt).toBe(32_768);
    expect(only(await settle(id, 32_768, 'claimed')).state).toBe('claimed');
    const bulk = bulkPermits(world.storage.db, world.storage.permits);
    expect(only(await bulk.fence(root.rootId, [id])).attempt).toBe(32_769);
    expect(only(await bulk.settle([{ id, attempt: 32_769, state: 'sent' }])).state).toBe('sent');
  });

  test('A held message that is asked for again after its validity has expired', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root);
    const again = { ids: [randomUUID()], claimant: randomUUID(), validForSeconds: 0.05 };
    await claimOne(stream, contactId, { ...again, quietUntil: soon(60_000) });
    await sleep(60);
    expect((await claimOne(stream, contactId, again)).state).toBe('expired');
  });
});

describe('Connections', () => {
  test('Isolation and time-outs hold whatever the address of the database says; its other options are kept', async () => {
    const url = new URL(database.url);
    url.searchParams.set('options', '-c default_transaction_isolation=serializable -c work_mem=3MB');
    url.searchParams.set('statement_timeout', '0');
    url.searchParams.set('lock_timeout', '0');
    const db = openDatabase(url.toString());
    try {
      const names = ['default_transaction_isolation', 'statement_timeout', 'lock_timeout', 'work_mem'];
      const shown = await db.query<{ value: string }>(
        'select current_setting(name) as value from unnest($1::text[]) with ordinality as asked(name, n) order by n',
        [names],
      );
      expect(shown.rows.map(({ value }) => value)).toEqual(['read committed', '30s', '10s', '3MB']);
    } finally {
      await db.close();
    }
  });

  test('One connection is enough to end a halt', async () => {
    const alone = await openWorld(database.url, 1);
    try {
      const { root } = await alone.tree();
      const halts = haltStore(alone.storage.db, 10);
      await halts.halt(root, {}, 'test', 'test');
      const held = only(await alone.claim(await alone.stream(root), [await alone.phone(root)]));
      expect(held.holdReason).toBe('HALT');
      expect((await halts.resume(root, {}, 'test')).released).toBe(1);
    } finally {
      await alone.storage.close();
    }
  });

  test('A connection that the server ends in the middle of a transaction is an error that may be retried, not a crash', async () => {
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', note);
    const admin = new pg.Client({ connectionString: database.url });
    await admin.connect();
    try {
      const work = world.storage.db.transaction(async (tx) => {
        const { pid } = only((await tx.query<{ pid: number }>('select pg_backend_pid() as pid')).rows);
        await admin.query('select pg_terminate_backend($1)', [pid]);
        await sleep(50);
        await tx.query('select 1');
      });
      await expect(work).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true });
      await sleep(50);
      expect(uncaught).toEqual([]);
    } finally {
      process.off('uncaughtException', note);
      await admin.end();
    }
  });
});
