// Contact points: a row for each destination of an account tree, found by keyed hash, locked by everything that
// decides about it.
import { emailDomain, type Destination } from '../domain/destinations.js';
import { destinationHash } from '../domain/hash.js';
import type { Database, Queryable } from './database.js';
import { present } from '../domain/present.js';

export interface ContactPoints {
  /** Ids of the destinations in their order; unknown ones are created. */
  resolve(rootId: number, destinations: readonly Destination[]): Promise<string[]>;
  /** As `resolve`, but unknown destinations stay unknown (`undefined`). */
  find(rootId: number, destinations: readonly Destination[]): Promise<(string | undefined)[]>;
  hash(destination: Destination): Buffer;
}

export function contactPointStore(db: Database, hashKey: Buffer): ContactPoints {
  const hash = (destination: Destination): Buffer => destinationHash(hashKey, destination);

  const lookup = async (rootId: number, hashes: readonly Buffer[], kinds: readonly string[]) => {
    const ids = new Map<string, string>();
    const found = await db.query<{ hash: Buffer; kind: string; id: string }>(
      // `offset 0`: one probe each, also by a plan that was made when there was nobody yet.
      `select c.hash, c.kind, c.id
       from unnest($2::bytea[], $3::text[]) as asked(hash, kind)
       cross join lateral (
         select p.id, p.hash, p.kind
         from contact_points p
         where p.hash = asked.hash and p.kind = asked.kind and p.root_id = $1
         offset 0
       ) c`,
      [rootId, hashes, kinds],
    );
    for (const row of found.rows) ids.set(row.kind + row.hash.toString('latin1'), row.id);
    return ids;
  };

  const find = async (rootId: number, destinations: readonly Destination[]) => {
    const hashes = destinations.map(hash);
    const ids = await lookup(
      rootId,
      hashes,
      destinations.map((d) => d.kind),
    );
    return hashes.map((hashed, i) => ids.get(`${destinations[i]?.kind}${hashed.toString('latin1')}`));
  };

  const insert = async (
    rootId: number,
    destinations: readonly Destination[],
    domainIds: readonly (string | null)[],
  ) => {
    await db.query(
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
       on conflict (hash, kind, root_id) do nothing`,
      [rootId, destinations.map((d) => d.kind), destinations.map(hash), destinations.map((d) => d.value), domainIds],
    );
  };

  const resolve = async (rootId: number, destinations: readonly Destination[]): Promise<string[]> => {
    const known = await find(rootId, destinations);
    const missing = destinations.filter((_, i) => known[i] === undefined);
    if (missing.length === 0) return known as string[];
    const emails = missing.filter((d) => d.kind === 'email');
    const domains = [...new Set(emails.map((d) => emailDomain(d.value)))];
    const domainIds =
      domains.length === 0
        ? []
        : await resolve(
            rootId,
            domains.map((value) => ({ kind: 'domain', value })),
          );
    const domainOf = new Map(domains.map((value, i) => [value, present(domainIds[i], 'a domain')]));
    await insert(
      rootId,
      missing,
      missing.map((d) => (d.kind === 'email' ? (domainOf.get(emailDomain(d.value)) ?? null) : null)),
    );
    return (await find(rootId, destinations)) as string[];
  };

  return { resolve, find, hash };
}

/** Clear text of contacts, where it has not been erased: for a provider call or a person's own file, never for logs. */
export async function destinationsOf(db: Queryable, contactIds: readonly string[]): Promise<Map<string, string>> {
  const found = await db.query<{ id: string; value: string }>(
    'select id, value from contact_points where id = any ($1::bigint[]) and value is not null',
    [contactIds],
  );
  return new Map(found.rows.map((row) => [row.id, row.value]));
}
