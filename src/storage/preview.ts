// What would become of messages if they were sent now: the decision without its permit. Reads only, and locks nothing,
// so it is good for a dry run or a question, never for a send.
import { setImmediate as turn } from 'node:timers/promises';
import type { SendingChannel } from '../domain/channel.js';
import { emailDomain, type Destination, type DestinationKind } from '../domain/destinations.js';
import { HASH_BYTES } from '../domain/hash.js';
import type { Explanation, HoldReason } from '../domain/outcome.js';
import type { Purpose } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { ContactPoints } from './contact-points.js';
import type { Database } from './database.js';
import { explain } from './explanations.js';

export interface PreviewScope {
  readonly account: Account;
  readonly channel: SendingChannel;
  /** Absent: only entries that name no sender, and halts that name none, count. */
  readonly sender?: string;
  /** Default MARKETING. */
  readonly purpose?: Purpose;
}

export type Verdict =
  | { readonly kind: 'permitted' }
  | { readonly kind: 'held'; readonly reason: Extract<HoldReason, 'HALT' | 'UNREAD_REPLY'> }
  | { readonly kind: 'blocked'; readonly explanation: Explanation };

/** Destinations looked up together: while the database looks for one set, the next one is hashed here. */
const SET_SIZE = 2_500;
/** A sender nothing is limited to: asks for what holds for any sender. */
const NO_SENDER = '';

/** A verdict for each destination, in their order. Quiet hours and caps belong to a send and are not looked at. */
export async function preview(
  db: Database,
  contacts: ContactPoints,
  scope: PreviewScope,
  destinations: readonly Destination[],
): Promise<readonly Verdict[]> {
  // An address nobody has seen yet can still be listed by its domain, so domains are asked for beside the addresses.
  const domains = [...new Set(destinations.filter(isEmail).map(({ value }) => emailDomain(value)))];
  const asked = [...destinations, ...domains.map((value): Destination => ({ kind: 'domain', value }))];
  const [findings, isHalted] = await Promise.all([findAll(db, contacts, scope, asked), halted(db, scope)]);
  const placeOfDomain = new Map(domains.map((domain, i) => [domain, destinations.length + i]));
  const ofDomain = (destination: Destination): Finding | undefined =>
    isEmail(destination) ? findings[placeOfDomain.get(emailDomain(destination.value)) ?? -1] : undefined;

  const entries = destinations.map((destination, n) => hardestToLift(findings[n]?.entry, ofDomain(destination)?.entry));
  const explanations = await explain(
    db,
    entries.flatMap((entry) => entry?.id ?? []),
  );
  return destinations.map((_, n): Verdict => {
    const explanation = explanations.get(entries[n]?.id ?? '');
    if (explanation !== undefined) return { kind: 'blocked', explanation };
    if (isHalted) return { kind: 'held', reason: 'HALT' };
    return findings[n]?.unread === true ? { kind: 'held', reason: 'UNREAD_REPLY' } : { kind: 'permitted' };
  });
}

const isEmail = ({ kind }: Destination): boolean => kind === 'email';

/** As in the decision: a complaint before an operator's word, before the person's own reply, before the rest. */
interface Entry {
  readonly id: string;
  readonly rank: number;
}

interface Finding {
  readonly entry: Entry | undefined;
  readonly unread: boolean;
}

function hardestToLift(a: Entry | undefined, b: Entry | undefined): Entry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.rank !== b.rank) return a.rank < b.rank ? a : b;
  return BigInt(a.id) < BigInt(b.id) ? a : b;
}

/** What there is about each of `asked`; nothing for most. */
async function findAll(
  db: Database,
  contacts: ContactPoints,
  scope: PreviewScope,
  asked: readonly Destination[],
): Promise<readonly (Finding | undefined)[]> {
  const keys = Array.from<string>({ length: asked.length });
  const sets: Promise<readonly Found[]>[] = [];
  for (const [kind, places] of placesByKind(asked)) {
    for (let at = 0; at < places.length; at += SET_SIZE) {
      // A turn of the event loop, in which the query before goes out.
      if (sets.length > 0) await turn();
      const some = places.slice(at, at + SET_SIZE);
      const hashes = contacts.hashes(some.map((n) => asked[n] as Destination));
      some.forEach((n, i) => (keys[n] = hashes.toString('latin1', i * HASH_BYTES, (i + 1) * HASH_BYTES)));
      const set = find(db, scope, kind, hashes);
      // Its failure is told below, and must not count as unheard until then.
      set.catch(() => undefined);
      sets.push(set);
    }
  }
  const findings = new Map<string, Finding>();
  for (const { hash, entryId, rank } of (await Promise.all(sets)).flat()) {
    const { entry, unread = false } = findings.get(keyOf(hash)) ?? {};
    findings.set(
      keyOf(hash),
      entryId === null || rank === null
        ? { entry, unread: true }
        : { entry: hardestToLift(entry, { id: entryId, rank }), unread },
    );
  }
  return keys.map((key) => findings.get(key));
}

function placesByKind(asked: readonly Destination[]): ReadonlyMap<DestinationKind, readonly number[]> {
  const places = new Map<DestinationKind, number[]>();
  asked.forEach(({ kind }, n) => {
    const those = places.get(kind);
    if (those === undefined) places.set(kind, [n]);
    else those.push(n);
  });
  return places;
}

const keyOf = (hash: Buffer): string => hash.toString('latin1');

/** An entry, or without one: there is an unread reply. */
interface Found {
  readonly hash: Buffer;
  readonly entryId: string | null;
  readonly rank: number | null;
}

/**
 * A row for each entry that stops the message, and for each person with an unread reply. One pass over each index, and the
 * hashes as one value: an array of thousands costs more to write and read than to look up. Nothing in it lets the planner
 * see what it could plan for the values of one call, so it plans once a connection; planning took longer than looking.
 */
async function find(
  db: Database,
  scope: PreviewScope,
  kind: DestinationKind,
  hashes: Buffer,
): Promise<readonly Found[]> {
  const { account, channel, sender, purpose = 'MARKETING' } = scope;
  const found = await db.query<Found>(
    `with known as materialized (
       select array(
         select p.id
         from contact_points p
         where p.root_id = $2
           and p.kind = $7
           and p.hash = any (array(
             select substr($1::bytea, n * ${HASH_BYTES} + 1, ${HASH_BYTES})
             from generate_series(0, (select octet_length($1::bytea)) / ${HASH_BYTES} - 1) as n))
       ) as ids
     )
     select p.hash, hit."entryId", hit.rank
     from (
       select b.contact_id, b.id as "entryId",
         case when b.complaint then 0 else 4 end + case b.source when 'CUSTOM' then 1 when 'MO' then 2 else 3 end as rank
       from blocklist_entries b
       where b.contact_id = any ((select ids from known)::bigint[])
         and b.account_id + 0 = any ($3::integer[])
         and (b.channel is null or b.channel = $4)
         and (b.sender_key is null or b.sender_key = $5)
         and (b.covers = 'ALL' or $6 = 'MARKETING')
       union all
       select distinct r.contact_id, null::bigint, null::integer
       from inbox r
       where $6 = 'MARKETING'
         and r.contact_id = any ((select ids from known)::bigint[])
         and r.state in ('unread', 'review')
     ) hit
     join contact_points p on p.id = hit.contact_id`,
    [
      hashes,
      account.rootId,
      account.ancestors,
      channel,
      sender === undefined ? NO_SENDER : senderKey(sender),
      purpose,
      kind,
    ],
  );
  return found.rows;
}

async function halted(db: Database, { account, channel, sender }: PreviewScope): Promise<boolean> {
  const found = await db.query<{ isHalted: boolean }>(
    `select exists (
       select from halts h
       where h.account_id = any ($1::integer[])
         and h.resumed_at is null
         and (h.channel is null or h.channel = $2)
         and (h.sender_key is null or h.sender_key = $3)) as "isHalted"`,
    [account.ancestors, channel, sender === undefined ? NO_SENDER : senderKey(sender)],
  );
  return found.rows[0]?.isHalted === true;
}
