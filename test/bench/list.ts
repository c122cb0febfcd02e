// A list of any size, loaded by COPY: people, their ledger and their entries, with some people whose destinations are known here.
import { rmSync } from 'node:fs';
import pg from 'pg';
import type { Destination } from '../../src/domain/destinations.js';
import type { ContactPoints } from '../../src/storage/contact-points.js';

export interface LoadedList {
  /** People on the list, people not on it, and strangers, in turns. */
  readonly probes: readonly { readonly destination: Destination; readonly isListed: boolean }[];
}

/** Of so many people in a row all but the last are on the list. */
const GROUP = 11;
/** Of each kind, spread over the whole list. */
const PROBES = 1_000;
const FIRST_NUMBER = 385_920_000_000;

/** Fill a migrated, empty database with `entries` entries, as its owner and superuser. */
export async function loadList(databaseUrl: string, contacts: ContactPoints, entries: number): Promise<LoadedList> {
  const people = (entries / (GROUP - 1)) * GROUP;
  const groups = people / GROUP;
  const probes = Array.from({ length: PROBES }, (_, n) => {
    const first = Math.floor((n * groups) / PROBES) * GROUP;
    const number = (offset: number): Destination => ({ kind: 'phone', value: String(FIRST_NUMBER + n * 3 + offset) });
    return [
      { destination: number(0), isListed: true, id: first + 1 + (n % (GROUP - 1)) },
      { destination: number(1), isListed: false, id: first + GROUP },
      { destination: number(2), isListed: false, id: undefined },
    ];
  }).flat();

  const client = await connect(databaseUrl);
  const beside = await connect(databaseUrl);
  try {
    const known = probes.filter(({ id }) => id !== undefined);
    await client.query(`create table probes as select * from unnest($1::bigint[], $2::bytea[]) as p(id, hash)`, [
      known.map(({ id }) => id),
      known.map(({ destination }) => contacts.hash(destination)),
    ]);
    // Cleaning up would fall into what is measured.
    for (const table of ['contact_points', 'blocklist_events', 'blocklist_entries']) {
      await client.query(`alter table ${table} set (autovacuum_enabled = off)`);
    }
    // Their hashes come in no order: cheaper to index at the end.
    await client.query('alter table contact_points drop constraint contact_points_hash_kind_root_id_key');
    await Promise.all([
      copy(client, {
        table: 'contact_points (id, root_id, kind, hash)',
        rows: `select i, 1, 'phone', coalesce(p.hash, substr(sha256(int8send(i)), 1, 16))
          from generate_series(1::bigint, ${people}) i left join probes p on p.id = i`,
      }).then(() => client.query('alter table contact_points add unique (hash, kind, root_id)')),
      copy(beside, {
        table: `blocklist_events
          (id, at, kind, effect, account_id, contact_id, source, received_at, entry_id, actor)`,
        rows: `select i, now(), 'BLOCK', 'added', 1, i, 'CUSTOM', now(), i, 'operator:bench'
          from generate_series(1::bigint, ${people}) i where i % ${GROUP} <> 0`,
      }).then(() =>
        copy(beside, {
          table: `blocklist_entries
            (id, account_id, contact_id, source, covers, complaint, added_at, last_received_at)`,
          rows: `select i, 1, i, 'CUSTOM', 'ALL', false, now(), now()
            from generate_series(1::bigint, ${people}) i where i % ${GROUP} <> 0`,
        }),
      ),
    ]);
    // As a list is that was not filled this minute: or the first to read a page would clean it up.
    await client.query('vacuum analyze');
  } finally {
    await Promise.all([client.end(), beside.end()]);
  }
  return { probes };
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // What the tables refer to is loaded beside them.
  await client.query(`set session_replication_role = replica`);
  await client.query(`set maintenance_work_mem = '1GB'`);
  return client;
}

/** Through a file of the server's own: what is made here by SQL costs this process nothing. */
async function copy(client: pg.Client, { table, rows }: { readonly table: string; readonly rows: string }) {
  const folder = await client.query<{ data_directory: string }>('show data_directory');
  const file = `${folder.rows[0]?.data_directory}/${table.split(/\s/)[0]}.copy`;
  await client.query(`copy (${rows}) to ${pg.escapeLiteral(file)} with (format binary)`);
  await client.query(`copy ${table} from ${pg.escapeLiteral(file)} with (format binary)`);
  rmSync(file);
}
