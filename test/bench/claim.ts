// Claims against a plain insert of the same rows into the same table, and what a message costs in the database.
import { randomUUID } from 'node:crypto';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { permitIdForScoped, scopeHash } from '../../src/domain/permit-id.js';
import { DEFAULT_ACCOUNT_KEY } from '../../src/domain/scope.js';
import { migrate } from '../../src/storage/migrate.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import type { BenchLine } from './race.js';

const BATCH = 1_000;
const MESSAGES = 100_000;
/** The two sides take turns, so that noise falls on both. */
const ROUNDS = 4;

export async function claimBench(): Promise<BenchLine[]> {
  const servers = new ScratchServers();
  try {
    const { adminUrl } = await servers.startPostgres({ isDurable: true });
    await migrate(adminUrl);
    const storage = await openStorage({ databaseUrl: adminUrl, hashKey: Buffer.alloc(32, 7) });
    try {
      return await measure(storage);
    } finally {
      await storage.close();
    }
  } finally {
    await servers.stop();
  }
}

async function measure(storage: Storage): Promise<BenchLine[]> {
  const account = await storage.accounts.get();
  const contacts: string[] = [];
  for (let at = 0; at < MESSAGES; at += 5_000) {
    const destinations = Array.from({ length: 5_000 }, (_, i) => ({
      kind: 'phone' as const,
      value: String(385_910_000_000 + at + i),
    }));
    contacts.push(...(await storage.contacts.resolve(account.rootId, destinations)));
  }
  const streamId = await storage.streams.id({ accountId: account.id, channel: 'SMS', sender: '10950' });
  await storage.db.query('analyze');
  let claimMs = 0;
  let insertMs = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    claimMs += await timed(contacts, `claim ${round}`, async (messages) => {
      await storage.permits.claim({ streamId, claimant: randomUUID(), mayRepeat: true, messages });
    });
    insertMs += await timed(contacts, `insert ${round}`, async (messages) => {
      await storage.db.query(
        `insert into sends (id, claimant, contact_id, claimed_at, valid_until, stream_id, state)
         select id, $1, contact_id, now(), now() + interval '1 day', $2, 'claimed'
         from unnest($3::uuid[], $4::bigint[]) as t(id, contact_id)`,
        [randomUUID(), streamId, messages.map((m) => m.permitId), messages.map((m) => m.contactId)],
      );
    });
  }
  const size = await storage.db.query<{ bytes: number }>(
    `select pg_total_relation_size('sends')::float8 / (select count(*) from sends) as bytes`,
    [],
  );
  const total = MESSAGES * ROUNDS;
  const ratio = insertMs / claimMs;
  return [
    {
      name: 'claim of 1,000',
      value: (total / claimMs) * 1000,
      unit: 'messages/s',
      ratio,
      bound: 0.25,
      holds: ratio >= 0.25,
    },
    {
      name: 'plain insert of 1,000',
      value: (total / insertMs) * 1000,
      unit: 'messages/s',
      ratio: null,
      bound: null,
      holds: true,
    },
    {
      name: 'database size with indexes',
      value: size.rows[0]!.bytes,
      unit: 'bytes/message',
      ratio: null,
      bound: null,
      holds: true,
    },
  ];
}

async function timed(
  contacts: readonly string[],
  scope: string,
  work: (messages: readonly { permitId: string; contactId: string }[]) => Promise<void>,
): Promise<number> {
  const hash = scopeHash(DEFAULT_ACCOUNT_KEY, scope);
  const begun = performance.now();
  for (let at = 0; at < contacts.length; at += BATCH) {
    await work(
      contacts
        .slice(at, at + BATCH)
        .map((contactId) => ({ permitId: permitIdForScoped(hash, BigInt(contactId)), contactId })),
    );
  }
  return performance.now() - begun;
}
