// Bulk check over HTTP against the same check in the process: what JSON, schemas and the way there and back cost.
import { readConfig } from '../../src/config.js';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { normaliseAtTheDoor } from '../../src/domain/destinations.js';
import { startGateway } from '../../src/gateway/server.js';
import { migrate } from '../../src/storage/migrate.js';
import { preview } from '../../src/storage/preview.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import { inTurns, median, plain } from './figures.js';
import type { BenchLine } from './race.js';

const FIRST_NUMBER = 385_910_000_000;
const PEOPLE = 50_000;
/** One in twenty has opted out. */
const LISTED_EACH = 20;
const ROUNDS = 10;
const API_KEY = 'a-key-for-the-benchmark';

export async function checkHttpBench(): Promise<BenchLine[]> {
  const servers = new ScratchServers();
  try {
    // Read only, so nothing depends on the disk being waited for.
    const { adminUrl } = await servers.startPostgres();
    await migrate(adminUrl);
    const config = readConfig({
      BLOCKLIST_DATABASE_URL: adminUrl,
      BLOCKLIST_HASH_KEY: 'a hash key for the benchmark',
      BLOCKLIST_PORT: '0',
      BLOCKLIST_API_KEY: API_KEY,
      BLOCKLIST_WEBHOOK_SECRET: 'a secret for the benchmark',
      BLOCKLIST_REQUESTS_PER_SECOND: '0',
    });
    const gateway = await startGateway(config, {
      temporal: { address: '127.0.0.1:1' },
      codecKeys: [],
      log: { level: 'silent' },
    });
    const storage = await openStorage({ databaseUrl: adminUrl, hashKey: config.hashKey, connections: 4 });
    try {
      return await measure(gateway.url, storage);
    } finally {
      await storage.close();
      await gateway.close();
    }
  } finally {
    await servers.stop();
  }
}

async function measure(url: string, storage: Storage): Promise<BenchLine[]> {
  const account = await storage.accounts.get();
  const people = Array.from({ length: PEOPLE }, (_, n) => String(FIRST_NUMBER + n));
  await list(storage, people);
  const body = JSON.stringify({ channel: 'SMS', sender: '10950', destinations: people });
  const scope = { account, channel: 'SMS', sender: '10950' } as const;
  const rates = await inTurns(ROUNDS, {
    http: () =>
      rate(async () => {
        const answer = await fetch(`${url}/api/v1/check`, {
          method: 'POST',
          headers: { authorization: `App ${API_KEY}`, 'content-type': 'application/json' },
          body,
        });
        const { results } = (await answer.json()) as { results: readonly { readonly verdict: string }[] };
        return results.filter(({ verdict }) => verdict === 'blocked').length;
      }),
    inProcess: () =>
      rate(async () => {
        const read = people.flatMap((text) => {
          const each = normaliseAtTheDoor(text, 'SMS');
          return each.ok ? [each.destination] : [];
        });
        const verdicts = await preview(storage.db, storage.contacts, scope, read);
        return verdicts.filter(({ kind }) => kind === 'blocked').length;
      }),
  });
  const [http, inProcess] = [median(rates.http), median(rates.inProcess)];
  return [
    {
      ...plain(`check of ${PEOPLE} over HTTP, against the same in the process`, http, 'destinations/s'),
      ratio: http / inProcess,
    },
    plain(`check of ${PEOPLE} in the process`, inProcess, 'destinations/s'),
  ];
}

async function list(storage: Storage, people: readonly string[]): Promise<void> {
  const account = await storage.accounts.get();
  const contacts = await storage.contacts.resolve(
    account.rootId,
    people.map((value) => ({ kind: 'phone', value })),
  );
  await storage.optOuts.optOut(
    contacts
      .filter((_, n) => n % LISTED_EACH === 0)
      .map((contactId) => ({
        accountId: account.id,
        contactId,
        source: 'CUSTOM',
        receivedAt: new Date(),
        actor: 'operator:bench',
      })),
  );
  await storage.db.query('analyze');
}

/** Destinations a second; the count of those blocked proves that both sides did the same. */
async function rate(check: () => Promise<number>): Promise<number> {
  const begun = performance.now();
  const blocked = await check();
  const seconds = (performance.now() - begun) / 1_000;
  if (blocked !== PEOPLE / LISTED_EACH) throw new Error(`${blocked} of ${PEOPLE} were found on the list`);
  return PEOPLE / seconds;
}
