// Contact points: a row for each destination of an account tree, found by keyed hash, locked by everything that
// decides about it.
import { emailDomain, type Destination } from '../domain/destinations.js';
import { destinationHash, destinationHashes } from '../domain/hash.js';
import { present } from '../domain/present.js';
import type { Database, Queryable } from './database.js';

export interface ContactPoints {
  /** Ids of the destinations in their order; unknown ones are created. */
  resolve(rootId: number, destinations: readonly Destination[]): Promise<string[]>;
  /** As `resolve`, but unknown destinations stay unknown (`undefined`). */
  find(rootId: number, destinations: readonly Destination[]): Promise<(string | undefined)[]>;
  hash(destination: Destination): Buffer;
  /** Of many, behind each other. */
  hashes(destinations: readonly Destination[]): Buffer;
}

interface Keyed {
  readonly destination: Destination;
  readonly hash: Buffer;
  /** Tells destinations of one account tree apart. */
  readonly key: string;
}

interface Found {
  readonly hash: Buffer;
  readonly kind: string;
  readonly id: string;
}

const keyOf = (kind: string, hash: Buffer): string => kind + hash.toString('latin1');
const idsByKey = (rows: readonly Found[]): Map<string, string> =>
  new Map(rows.map(({ kind, hash, id }) => [keyOf(kind, hash), id]));

export function contactPointStore(db: Database, hashKey: Buffer): ContactPoints {
  const hash = (destination: Destination): Buffer => destinationHash(hashKey, destination);

  const keyed = (destination: Destination): Keyed => {
    const hashed = hash(destination);
    return { destination, hash: hashed, key: keyOf(destination.kind, hashed) };
  };

  /** Ids by key; who is unknown is absent. */
  const lookup = async (rootId: number, asked: readonly Keyed[]): Promise<Map<string, string>> => {
    const found = await db.query<Found>(
      // `offset 0`: one probe each, also by a plan that was made when there was nobody yet.
      `select c.hash, c.kind, c.id
       from unnest($2::bytea[], $3::text[]) as asked(hash, kind)
       cross join lateral (
         select p.id, p.hash, p.kind
         from contact_points p
         where p.hash = asked.hash and p.kind = asked.kind and p.root_id = $1
         offset 0
       ) c`,
      [rootId, asked.map((each) => each.hash), asked.map((each) => each.destination.kind)],
    );
    return idsByKey(found.rows);
  };

  /** Ids of those that were new, by key. Somebody else may have been quicker with others. */
  const insert = async (
    rootId: number,
    asked: readonly Keyed[],
    domainIds: readonly (string | null)[],
  ): Promise<Map<string, string>> => {
    const inserted = await db.query<Found>(
      // In one order, in a transaction of its own: two such inserts cannot wait for each other in a circle. By domain
      // first, because the foreign key locks domains in the order of the rows, and opt-outs of domains go by id.
      `insert into contact_points (root_id, kind, hash, value, domain_id)
       select $1, fresh.kind, fresh.hash, fresh.value, fresh.domain_id
       from (
         select distinct on (asked.hash, asked.kind) asked.kind, asked.hash, asked.value, asked.domain_id
         from unnest($2::text[], $3::bytea[], $4::text[], $5::bigint[]) as asked(kind, hash, value, domain_id)
         order by asked.hash, asked.kind
       ) fresh
       order by fresh.domain_id nulls first, fresh.hash, fresh.kind
       on conflict (hash, kind, root_id) do nothing
       returning hash, kind, id`,
      [
        rootId,
        asked.map((each) => each.destination.kind),
        asked.map((each) => each.hash),
        asked.map((each) => each.destination.value),
        domainIds,
      ],
    );
    return idsByKey(inserted.rows);
  };

  /** Ids of the domains of those that are e-mail addresses, null for the others. */
  const domainsOf = async (rootId: number, asked: readonly Keyed[]): Promise<(string | null)[]> => {
    const domainOf = ({ destination }: Keyed): string | undefined =>
      destination.kind === 'email' ? emailDomain(destination.value) : undefined;
    const domains = [...new Set(asked.flatMap((each) => domainOf(each) ?? []))];
    const ids =
      domains.length === 0
        ? []
        : await resolve(
            rootId,
            domains.map((value) => ({ kind: 'domain', value })),
          );
    const idOf = new Map(domains.map((value, i) => [value, present(ids[i], 'a domain')]));
    return asked.map((each) => idOf.get(domainOf(each) ?? '') ?? null);
  };

  const find = async (rootId: number, destinations: readonly Destination[]): Promise<(string | undefined)[]> => {
    const asked = destinations.map(keyed);
    const ids = await lookup(rootId, asked);
    return asked.map(({ key }) => ids.get(key));
  };

  const resolve = async (rootId: number, destinations: readonly Destination[]): Promise<string[]> => {
    const asked = destinations.map(keyed);
    const ids = await lookup(rootId, asked);
    for (const add of [insertMissing, lookup]) {
      const missing = asked.filter(({ key }) => !ids.has(key));
      if (missing.length === 0) break;
      for (const [key, id] of await add(rootId, missing)) ids.set(key, id);
    }
    return asked.map(({ key }) => present(ids.get(key), 'a contact point'));
  };

  const insertMissing = async (rootId: number, missing: readonly Keyed[]): Promise<Map<string, string>> =>
    insert(rootId, missing, await domainsOf(rootId, missing));

  return { resolve, find, hash, hashes: (destinations) => destinationHashes(hashKey, destinations) };
}

/** Clear text of contacts, where it has not been erased: for a provider call or a person's own file, never for logs. */
export async function destinationsOf(db: Queryable, contactIds: readonly string[]): Promise<Map<string, string>> {
  const found = await db.query<{ id: string; value: string }>(
    'select id, value from contact_points where id = any ($1::bigint[]) and value is not null',
    [contactIds],
  );
  return new Map(found.rows.map((row) => [row.id, row.value]));
}
