// Destinations put on the list over HTTP, against a raw COPY of the rows that this leaves: contacts, ledger and entries, with
// their indexes, and without hashing, checks, locks, permits or the barrier.
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { readConfig } from '../../src/config.js';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { startGateway } from '../../src/gateway/server.js';
import { migrate } from '../../src/storage/migrate.js';
import { openDatabase, type Database } from '../../src/storage/database.js';
import type { BenchLine } from './race.js';

const DESTINATIONS = 50_000;
/** The two sides take turns, so that noise falls on both. */
const ROUNDS = 3;
const FIRST_NUMBER = 385_910_000_000;
const API_KEY = 'a-key-for-the-benchmark';
/** What one addition writes; copies are compared table by table with the same indexes and checks. */
const TABLES = ['contact_points', 'blocklist_events', 'blocklist_entries'] as const;

export async function blocklistApiBench(): Promise<BenchLine[]> {
  const servers = new ScratchServers();
  try {
    const { adminUrl } = await servers.startPostgres({ isDurable: true });
    await migrate(adminUrl);
    const config = readConfig({
      BLOCKLIST_DATABASE_URL: adminUrl,
      BLOCKLIST_HASH_KEY: 'a hash key for the benchmark',
      BLOCKLIST_PORT: '0',
      BLOCKLIST_API_KEY: API_KEY,
      BLOCKLIST_WEBHOOK_SECRET: 'a secret for the benchmark',
    });
    const gateway = await startGateway(config, {
      temporal: { address: '127.0.0.1:1' },
      codecKeys: [],
      log: { level: 'silent' },
    });
    const db = openDatabase(adminUrl, { statementTimeoutMs: 120_000 });
    try {
      return await measure(gateway.url, db);
    } finally {
      await db.close();
      await gateway.close();
    }
  } finally {
    await servers.stop();
  }
}

async function measure(url: string, db: Database): Promise<BenchLine[]> {
  let postMs = 0;
  let deleteMs = 0;
  let copyMs = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const body = bodyOf(round);
    postMs += await timed(() => send(url, 'POST', body));
    copyMs += await copy(db);
    deleteMs += await timed(() => send(url, 'DELETE', body));
  }
  const total = DESTINATIONS * ROUNDS;
  const rate = (ms: number): number => (total / ms) * 1000;
  const line = (name: string, ms: number, ratio: number | null): BenchLine => ({
    name,
    value: rate(ms),
    unit: 'destinations/s',
    ratio,
    bound: null,
    holds: true,
  });
  return [
    line('blocklist POST of 50,000', postMs, copyMs / postMs),
    line('blocklist DELETE of 50,000', deleteMs, null),
    line('raw COPY of the rows of a POST', copyMs, null),
  ];
}

function bodyOf(round: number): string {
  const destinations = Array.from({ length: DESTINATIONS }, (_, n) => ({
    to: String(FIRST_NUMBER + round * DESTINATIONS + n),
  }));
  return JSON.stringify({ blocklist: [{ destinations }] });
}

async function send(url: string, method: string, body: string): Promise<void> {
  const answer = await fetch(`${url}/platform/1/blocklists`, {
    method,
    headers: { authorization: `App ${API_KEY}`, 'content-type': 'application/json' },
    body,
  });
  if (answer.status !== 202) throw new Error(`the gateway answered ${answer.status}: ${await answer.text()}`);
}

/** The rows of the last request, out to files and into empty tables of the same form; only the way in is timed. */
async function copy(db: Database): Promise<number> {
  let ms = 0;
  for (const table of TABLES) {
    const file = join(tmpdir(), `blocklist-bench-${randomBytes(6).toString('hex')}`);
    await db.query(`drop table if exists copied_${table}`);
    await db.query(`create table copied_${table} (like ${table} including all)`);
    await db.query(`copy (select * from ${table} order by id desc limit ${DESTINATIONS}) to '${file}'`);
    ms += await timed(() => db.query(`copy copied_${table} from '${file}'`));
    await rm(file);
  }
  return ms;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}
