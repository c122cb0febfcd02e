// Checks: many destinations at once against the barest query there could be, and one at a time on a list of ten million entries
// against one of ten thousand.
import { createDatabase } from '../../src/dev/postgres-databases.js';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import type { Destination } from '../../src/domain/destinations.js';
import { migrate } from '../../src/storage/migrate.js';
import { preview } from '../../src/storage/preview.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import { atLeast, atMost, inTurns, median, plain } from './figures.js';
import { loadList, type LoadedList } from './list.js';
import type { BenchLine } from './race.js';

const HASH_KEY = Buffer.alloc(32, 7);
const FIRST_NUMBER = 385_910_000_000;

const PEOPLE = 100_000;
/** One in twenty has opted out. */
const LISTED_EACH = 20;
const BULK = 5_000;
const BULK_ROUNDS = 30;

const SMALL = 10_000;
const LARGE = 10_000_000;
const SINGLE_ROUNDS = 20;
const CHECKS_A_ROUND = 150;

export async function checksBench(): Promise<BenchLine[]> {
  const servers = new ScratchServers();
  try {
    // Read only, so nothing depends on the disk being waited for.
    const { adminUrl } = await servers.startPostgres();
    return [...(await bulk(adminUrl)), ...(await single(adminUrl))];
  } finally {
    await servers.stop();
  }
}

/** Everybody asked about is a known contact, which is the dearest case: nobody is let through for being a stranger. */
async function bulk(adminUrl: string): Promise<BenchLine[]> {
  const storage = await open(await createDatabase(adminUrl, 'bulk'));
  try {
    const account = await storage.accounts.get();
    const people = Array.from({ length: PEOPLE }, (_, i): Destination => {
      return { kind: 'phone', value: String(FIRST_NUMBER + i) };
    });
    const contacts = await storage.contacts.resolve(account.rootId, people);
    await storage.optOuts.optOut(
      contacts
        .filter((_, i) => i % LISTED_EACH === 0)
        .map((contactId) => ({
          accountId: account.id,
          contactId,
          source: 'CUSTOM',
          receivedAt: new Date(),
          actor: 'operator:bench',
        })),
    );
    await storage.db.query(
      `create table bare_entries as
       select c.hash from blocklist_entries e join contact_points c on c.id = e.contact_id`,
    );
    await storage.db.query('create unique index on bare_entries (hash)');
    await storage.db.query('analyze');

    const asked = (round: number): readonly Destination[] => {
      // Scattered over the list, other people each time.
      return Array.from({ length: BULK }, (_, i) => people[((round * BULK + i) * 7_919) % PEOPLE]!);
    };
    const scope = { account, channel: 'SMS', sender: '10950' } as const;
    const rates = await inTurns(BULK_ROUNDS, {
      check: (round) => {
        return rate(BULK, asked(round), (some) => preview(storage.db, storage.contacts, scope, some), isBlocked);
      },
      bare: (round) => {
        const look = async (some: readonly Destination[]): Promise<readonly unknown[]> => {
          const hashes = some.map(storage.contacts.hash);
          return (await storage.db.query('select hash from bare_entries where hash = any ($1)', [hashes])).rows;
        };
        return rate(BULK, asked(round), look, () => true);
      },
    });
    const [check, bare] = [median(rates.check), median(rates.bare)];
    return [
      atLeast(
        `check of ${BULK}, against a bare look into a table of hashes`,
        check,
        'destinations/s',
        check / bare,
        0.7,
      ),
      plain('bare look, hashing included', bare, 'destinations/s'),
    ];
  } finally {
    await storage.close();
  }
}

const isBlocked = (verdict: { readonly kind: string }): boolean => verdict.kind === 'blocked';

async function rate<Answer>(
  count: number,
  asked: readonly Destination[],
  check: (asked: readonly Destination[]) => Promise<readonly Answer[]>,
  isListed: (answer: Answer) => boolean,
): Promise<number> {
  const begun = performance.now();
  const answers = await check(asked);
  const seconds = (performance.now() - begun) / 1_000;
  const listed = answers.filter(isListed).length;
  if (listed !== count / LISTED_EACH) throw new Error(`${listed} of ${count} were found on the list`);
  return count / seconds;
}

async function single(adminUrl: string): Promise<BenchLine[]> {
  const open_ = async (name: string, entries: number) => {
    const url = await createDatabase(adminUrl, name);
    const storage = await open(url);
    return { storage, list: await loadList(url, storage.contacts, entries) };
  };
  const small = await open_('small', SMALL);
  const begun = performance.now();
  const large = await open_('large', LARGE);
  const loadSeconds = (performance.now() - begun) / 1_000;
  try {
    const p50s = await inTurns(SINGLE_ROUNDS, {
      small: (round) => checkOneByOne(small, round),
      large: (round) => checkOneByOne(large, round),
    });
    const [smallMs, largeMs] = [median(p50s.small), median(p50s.large)];
    return [
      atMost('single check with 10 million entries, p50, against 10 thousand', largeMs, 'ms', largeMs / smallMs, 1.5),
      plain('single check with 10 thousand entries, p50', smallMs, 'ms'),
      plain('10 million entries with their people and ledger loaded and indexed', loadSeconds, 's'),
    ];
  } finally {
    await Promise.all([small.storage.close(), large.storage.close()]);
  }
}

interface Side {
  readonly storage: Storage;
  readonly list: LoadedList;
}

/** The median time of a check; people on the list, people not on it and strangers take turns. */
async function checkOneByOne({ storage, list }: Side, round: number): Promise<number> {
  const account = await storage.accounts.get();
  const scope = { account, channel: 'SMS', sender: '10950' } as const;
  const times: number[] = [];
  for (let i = 0; i < CHECKS_A_ROUND; i += 1) {
    const { destination, isListed } = list.probes[(round * CHECKS_A_ROUND + i) % list.probes.length]!;
    const begun = performance.now();
    const [verdict] = await preview(storage.db, storage.contacts, scope, [destination]);
    times.push(performance.now() - begun);
    if ((verdict?.kind === 'blocked') !== isListed) throw new Error('a check gave the wrong answer');
  }
  return median(times);
}

async function open(databaseUrl: string): Promise<Storage> {
  await migrate(databaseUrl);
  return openStorage({ databaseUrl, hashKey: HASH_KEY, connections: 4, statementTimeoutMs: 300_000 });
}
