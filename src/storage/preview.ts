// What would become of messages if they were sent now: the decision without its permit. Reads only, and locks nothing,
// so it is good for a dry run or a question, never for a send.
import { setImmediate as turn } from 'node:timers/promises';
import type { SendingChannel } from '../domain/channel.js';
import { emailDomain, type Destination } from '../domain/destinations.js';
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

/** Destinations looked up together: while the database probes for one set, the next one is hashed here. */
const SET_SIZE = 1_000;
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
    isEmail(destination) ? findings.get(placeOfDomain.get(emailDomain(destination.value)) ?? -1) : undefined;

  const entries = destinations.map((destination, n) =>
    hardestToLift(findings.get(n)?.entry, ofDomain(destination)?.entry),
  );
  const explanations = await explain(
    db,
    entries.flatMap((entry) => entry?.id ?? []),
  );
  return destinations.map((_, n): Verdict => {
    const explanation = explanations.get(entries[n]?.id ?? '');
    if (explanation !== undefined) return { kind: 'blocked', explanation };
    if (isHalted) return { kind: 'held', reason: 'HALT' };
    return findings.get(n)?.unread === true ? { kind: 'held', reason: 'UNREAD_REPLY' } : { kind: 'permitted' };
  });
}

const isEmail = ({ kind }: Destination): boolean => kind === 'email';

/** As in the decision: a complaint before an operator's word, before the person's own reply, before the rest. */
interface Entry {
  readonly id: string;
  readonly rank: number;
}

interface Finding {
  readonly entry?: Entry;
  readonly unread: boolean;
}

function hardestToLift(a: Entry | undefined, b: Entry | undefined): Entry | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.rank !== b.rank) return a.rank < b.rank ? a : b;
  return BigInt(a.id) < BigInt(b.id) ? a : b;
}

/** What there is about each place of `asked`; nothing for most. */
async function findAll(
  db: Database,
  contacts: ContactPoints,
  scope: PreviewScope,
  asked: readonly Destination[],
): Promise<ReadonlyMap<number, Finding>> {
  const sets: Promise<readonly Found[]>[] = [];
  for (let at = 0; at < asked.length; at += SET_SIZE) {
    // A turn of the event loop, in which the query before goes out.
    if (at > 0) await turn();
    const set = find(db, contacts, scope, asked.slice(at, at + SET_SIZE));
    // Its failure is told below, and must not count as unheard until then.
    set.catch(() => undefined);
    sets.push(set);
  }
  const findings = new Map<number, Finding>();
  (await Promise.all(sets)).forEach((found, set) => {
    for (const { n, entryId, rank, unread } of found) {
      const place = set * SET_SIZE + n;
      const entry = hardestToLift(findings.get(place)?.entry, entryId === null ? undefined : { id: entryId, rank });
      findings.set(place, { unread, ...(entry === undefined ? {} : { entry }) });
    }
  });
  return findings;
}

interface Found {
  /** Place in the set asked for. */
  readonly n: number;
  readonly entryId: string | null;
  readonly rank: number;
  readonly unread: boolean;
}

/**
 * A row for each entry and each unread reply that matters. One statement of index probes, and the hashes as one value:
 * an array of thousands of them costs more to write and read than to look up. `offset 0` keeps each step a probe, also in a
 * plan made when there was nobody yet. A hash covers its kind, so it is unique without it.
 */
async function find(
  db: Database,
  contacts: ContactPoints,
  scope: PreviewScope,
  asked: readonly Destination[],
): Promise<readonly Found[]> {
  const { account, channel, sender, purpose = 'MARKETING' } = scope;
  const found = await db.query<Found>(
    `select asked.n, e.id as "entryId", e.rank, i.unread is not null as unread
     from generate_series(0, octet_length($1::bytea) / ${HASH_BYTES} - 1) as asked(n)
     cross join lateral (
       select p.id
       from contact_points p
       where p.hash = substr($1::bytea, asked.n * ${HASH_BYTES} + 1, ${HASH_BYTES}) and p.root_id = $2
       offset 0
     ) c
     left join lateral (
       select b.id,
         case when b.complaint then 0 else 4 end
           + case b.source when 'CUSTOM' then 1 when 'MO' then 2 else 3 end as rank
       from blocklist_entries b
       where b.contact_id = c.id
         and b.account_id = any ($3::integer[])
         and (b.channel is null or b.channel = $4)
         and (b.sender_key is null or b.sender_key = $5)
         and (b.covers = 'ALL' or $6 = 'MARKETING')
       offset 0
     ) e on true
     left join lateral (
       select true as unread
       from inbox r
       where r.contact_id = c.id and r.state in ('unread', 'review')
       limit 1
     ) i on $6 = 'MARKETING'
     where e.id is not null or i.unread`,
    [
      Buffer.concat(asked.map((destination) => contacts.hash(destination))),
      account.rootId,
      account.ancestors,
      channel,
      sender === undefined ? NO_SENDER : senderKey(sender),
      purpose,
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
