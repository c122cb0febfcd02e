// Bringing in an audience of any size: normalised and resolved in sets, de-duplicated in the database, so that memory
// holds one set whatever the size. What stands there counts only from the last statement on; until then a crash changes nothing.
import type pg from 'pg';
import { PAGE_SIZE } from '../domain/broadcast.js';
import type { SendingChannel } from '../domain/channel.js';
import { normaliseAtTheDoor, type Destination, type DestinationProblem } from '../domain/destinations.js';
import { BlocklistError } from '../domain/errors.js';
import { normaliseHuman } from '../domain/human-destinations.js';
import { checkedId, unknownBroadcast } from './broadcast-id.js';
import { asBlocklistError, type Database } from './database.js';
import type { Storage } from './storage.js';

/** One recipient as given. */
export interface AudienceLine {
  readonly line: number;
  readonly destination: string;
  /** Present for what people typed: brackets, dashes, national numbers. Absent: international digits, from programs. */
  readonly human?: { readonly defaultCountry?: string };
}

export interface Reject {
  readonly line: number;
  readonly reason: DestinationProblem;
}

export interface LoadedAudience {
  /** Distinct recipients. */
  readonly audience: number;
  readonly duplicates: number;
  readonly rejected: number;
  /** The first 1,000 of those rejected. */
  readonly rejects: readonly Reject[];
}

export const MOST_REJECTS_LISTED = 1_000;
/** Lines normalised and resolved together. */
const SET_SIZE = 5_000;
/** Cutting ten million recipients into pages takes about a minute. */
const PAGING_TIMEOUT_MS = 1_800_000;

/**
 * Make `source` the audience of a broadcast that is still LOADING. Repeating it replaces what was loaded before.
 * @throws BlocklistError NOT_FOUND, CONFLICT if the broadcast was started or cancelled, STORAGE_UNAVAILABLE
 */
export async function loadAudience(
  storage: Storage,
  broadcastId: string,
  source: AsyncIterable<AudienceLine> | Iterable<AudienceLine>,
): Promise<LoadedAudience> {
  return inTurn(storage.db, () => load(storage, broadcastId, source));
}

async function load(
  storage: Storage,
  broadcastId: string,
  source: AsyncIterable<AudienceLine> | Iterable<AudienceLine>,
): Promise<LoadedAudience> {
  const client = await storage.db.connect();
  try {
    await client.query(`set statement_timeout = ${PAGING_TIMEOUT_MS}`);
    const broadcast = await readLoading(client, broadcastId, '');
    await client.query(
      `create temporary table audience (contact_id bigint primary key, place integer generated always as identity)`,
    );
    let distinct = 0;
    let rejected = 0;
    let valid = 0;
    const rejects: Reject[] = [];
    for await (const set of setsOf(source)) {
      const read = normaliseSet(set, broadcast.channel);
      rejected += read.rejects.length;
      rejects.push(...read.rejects.slice(0, MOST_REJECTS_LISTED - rejects.length));
      valid += read.destinations.length;
      if (read.destinations.length === 0) continue;
      const ids = await storage.contacts.resolve(broadcast.rootId, read.destinations);
      distinct += await stage(client, ids);
    }
    await replacePages(client, broadcastId, { distinct, rejected, rejects });
    return { audience: distinct, duplicates: valid - distinct, rejected, rejects };
  } catch (error) {
    throw asBlocklistError(error);
  } finally {
    // Closed, not returned: the staged audience and the setting go with it.
    client.release(true);
  }
}

/** Lines by the thousand. A source that is read to its end is also told when it is abandoned. */
export async function* setsOf(
  source: AsyncIterable<AudienceLine> | Iterable<AudienceLine>,
): AsyncGenerator<readonly AudienceLine[]> {
  let set: AudienceLine[] = [];
  for await (const line of source) {
    if (set.push(line) < SET_SIZE) continue;
    yield set;
    set = [];
  }
  if (set.length > 0) yield set;
}

/** What a set of lines names, and which of them name nothing. */
export function normaliseSet(
  set: readonly AudienceLine[],
  channel: SendingChannel,
): { readonly destinations: Destination[]; readonly rejects: Reject[] } {
  const destinations: Destination[] = [];
  const rejects: Reject[] = [];
  for (const { line, destination, human } of set) {
    const read =
      human === undefined
        ? normaliseAtTheDoor(destination, channel)
        : normaliseHuman(destination, { channel, ...human });
    if (read.ok) destinations.push(read.destination);
    else rejects.push({ line, reason: read.reason });
  }
  return { destinations, rejects };
}

/** In order of first appearance; who is there already stays where he is. Returns how many were new. */
async function stage(client: pg.PoolClient, ids: readonly string[]): Promise<number> {
  const staged = await client.query({
    name: 'stage audience',
    text: `insert into audience (contact_id)
      select asked.id from unnest($1::bigint[]) with ordinality as asked(id, n) order by asked.n
      on conflict do nothing`,
    values: [`{${ids.join(',')}}`],
  });
  return staged.rowCount ?? 0;
}

async function replacePages(
  client: pg.PoolClient,
  broadcastId: string,
  found: { readonly distinct: number; readonly rejected: number; readonly rejects: readonly Reject[] },
): Promise<void> {
  await client.query('begin');
  const { id } = await readLoading(client, broadcastId, 'for update of b');
  await client.query('delete from broadcast_pages where broadcast_id = $1', [id]);
  await client.query(
    `insert into broadcast_pages (broadcast_id, page, contacts)
     select $1, (listed.n - 1) / $2 + 1, array_agg(listed.contact_id order by listed.n)
     from (select contact_id, row_number() over (order by place) as n from audience) listed
     group by (listed.n - 1) / $2`,
    [id, PAGE_SIZE],
  );
  await client.query('update broadcasts set audience = $2, rejected = $3, rejects = $4 where id = $1', [
    id,
    found.distinct,
    found.rejected,
    JSON.stringify(found.rejects),
  ]);
  await client.query('commit');
}

async function readLoading(client: pg.PoolClient, broadcastId: string, lock: 'for update of b' | '') {
  const found = await client.query<{ id: string; status: string; channel: SendingChannel; rootId: number }>(
    `select b.id, b.status, st.channel, a.root_id as "rootId"
     from broadcasts b
     join streams st on st.id = b.stream_id
     join accounts a on a.id = st.account_id
     where b.key = $1
     ${lock}`,
    [checkedId(broadcastId)],
  );
  const broadcast = found.rows[0] ?? unknownBroadcast();
  if (broadcast.status !== 'LOADING') {
    throw new BlocklistError(
      'CONFLICT',
      `The audience of broadcast ${broadcastId} is closed: it was started or cancelled.`,
    );
  }
  return broadcast;
}

/** A load keeps a connection for as long as its source takes: several slow ones must not keep all of the pool. */
const LOADS_AT_ONCE = 3;
const loading = new WeakMap<Database, { running: number; readonly waiting: (() => void)[] }>();

async function inTurn<T>(db: Database, work: () => Promise<T>): Promise<T> {
  const turns = loading.get(db) ?? { running: 0, waiting: [] };
  loading.set(db, turns);
  if (turns.running >= LOADS_AT_ONCE) await new Promise<void>((resolve) => turns.waiting.push(resolve));
  else turns.running += 1;
  try {
    return await work();
  } finally {
    // The turn is handed on, or given back.
    const next = turns.waiting.shift();
    if (next === undefined) turns.running -= 1;
    else next();
  }
}
