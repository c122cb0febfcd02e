// One destination's history, read in four index scans: ledger, live entries, messages, replies.
import { emailDomain, type Destination } from '../domain/destinations.js';
import type {
  DestinationHistory,
  EntryFacts,
  EventFacts,
  MessageFacts,
  ReplyFacts,
} from '../domain/destination-history.js';
import { foldLedger, type LedgerEvent } from '../domain/fold.js';
import {
  entryInWords,
  eventInWords,
  messageCode,
  messageInWords,
  replyInWords,
  summaryInWords,
} from '../domain/plain-words.js';
import type { Account } from './accounts.js';
import type { ContactPoints } from './contact-points.js';
import type { Database, Queryable } from './database.js';
import { explain } from './explanations.js';
import { withoutNulls } from './without-nulls.js';

export interface HistoryOptions {
  /** The list as it was then, and only what had happened by then. Default: now. */
  readonly at?: Date;
  /** Most messages to show, the newest. Default 1,000. */
  readonly messages?: number;
}

const DEFAULT_MESSAGES = 1_000;

export async function destinationHistory(
  db: Database,
  contacts: ContactPoints,
  account: Account,
  destination: Destination,
  options: HistoryOptions = {},
): Promise<DestinationHistory> {
  const [contactId] = await contacts.find(account.rootId, [destination]);
  const at = options.at?.toISOString();
  const head = { accountKey: account.key, kind: destination.kind, ...(at === undefined ? {} : { at }) };
  // An address nobody has seen can still be listed by its domain.
  const domainId = await domainOf(contacts, account, destination);
  const people = [contactId, domainId].filter((id) => id !== undefined);
  if (people.length === 0) {
    const nothing = { entries: [], events: [], messages: [], hasMoreMessages: false, replies: [] };
    return { ...head, summary: summaryInWords([], false, at), ...nothing };
  }
  return db.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    const events = await readEvents(tx, account, people, options.at);
    const entries = at === undefined ? await readEntries(tx, account, people) : entriesAt(events);
    const limit = options.messages ?? DEFAULT_MESSAGES;
    const messages = contactId === undefined ? [] : await readMessages(tx, account, contactId, limit + 1, options.at);
    const replies = contactId === undefined ? [] : await readReplies(tx, account, contactId, options.at);
    return {
      ...head,
      ...(contactId === undefined ? {} : { contactId }),
      summary: summaryInWords(entries, true, at),
      entries: entries.map((entry) => ({ ...entry, inWords: entryInWords(entry) })),
      events: events.map((event) => ({ ...event, inWords: eventInWords(event) })),
      messages: messages.slice(-limit).map((message) => {
        const code = messageCode(message);
        return { ...message, ...(code === undefined ? {} : { code }), inWords: messageInWords(message) };
      }),
      hasMoreMessages: messages.length > limit,
      replies: replies.map((reply) => ({ ...reply, inWords: replyInWords(reply) })),
    };
  });
}

async function domainOf(
  contacts: ContactPoints,
  account: Account,
  destination: Destination,
): Promise<string | undefined> {
  if (destination.kind !== 'email') return undefined;
  const [id] = await contacts.find(account.rootId, [{ kind: 'domain', value: emailDomain(destination.value) }]);
  return id;
}

/** Relies on blocklist_events_of_contact. Siblings of the account in its tree stay unseen. */
async function readEvents(
  tx: Queryable,
  account: Account,
  contactIds: readonly string[],
  until: Date | undefined,
): Promise<EventFacts[]> {
  const found = await tx.query(
    `select e.id as "eventId", ${iso('e.at')} as at, ${iso('e.received_at')} as "receivedAt", e.kind, e.effect,
       a.key as "accountKey", e.source, e.channel, e.sender, e.covers, e.complaint, c.reference as campaign,
       e.entry_id as "entryId", e.send_id as "permitId", e.confidence, e.actor, e.evidence,
       case when p.kind = 'domain' then true end as domain
     from blocklist_events e
     join accounts a on a.id = e.account_id
     join contact_points p on p.id = e.contact_id
     left join campaigns c on c.id = e.campaign_id
     where e.contact_id = any ($1::bigint[])
       and (a.id = any ($2::integer[]) or $3 = any (a.ancestors))
       and ($4::timestamptz is null or e.at <= $4)
     order by e.id`,
    [contactIds, account.ancestors, account.id, until ?? null],
  );
  return found.rows.map((row) => withoutNulls<EventFacts>(row));
}

async function readEntries(tx: Queryable, account: Account, contactIds: readonly string[]): Promise<EntryFacts[]> {
  const found = await tx.query(
    `select e.id as "entryId", e.source, ${iso('e.added_at')} as since, a.key as "accountKey", e.covers, e.channel,
       e.sender, c.reference as campaign, case when p.kind = 'domain' then true end as domain, e.complaint,
       ${iso('e.last_received_at')} as "lastReceivedAt"
     from blocklist_entries e
     join accounts a on a.id = e.account_id
     join contact_points p on p.id = e.contact_id
     left join campaigns c on c.id = e.campaign_id
     where e.contact_id = any ($1::bigint[])
       and (a.id = any ($2::integer[]) or $3 = any (a.ancestors))
     order by e.id`,
    [contactIds, account.ancestors, account.id],
  );
  return found.rows.map((row) => withoutNulls<EntryFacts>(row));
}

/** The list as these events left it. */
function entriesAt(events: readonly EventFacts[]): EntryFacts[] {
  const folded = foldLedger(events.map(toLedgerEvent));
  return [...folded.values()]
    .sort((a, b) => Number(BigInt(a.id) - BigInt(b.id)))
    .map(({ id, addedAt, lastReceivedAt, contact, ...entry }) => ({
      entryId: id,
      since: addedAt.toISOString(),
      lastReceivedAt: lastReceivedAt.toISOString(),
      ...entry,
      ...(contact === 'domain' ? { domain: true as const } : {}),
    }));
}

/** An address and its domain are two contacts; here a name for each is enough to tell their entries apart. */
function toLedgerEvent(event: EventFacts): LedgerEvent {
  const { eventId, at, receivedAt, domain, ...facts } = event;
  return {
    ...facts,
    id: eventId,
    at: new Date(at),
    receivedAt: new Date(receivedAt),
    contact: domain === true ? 'domain' : 'address',
  } as LedgerEvent;
}

/** Relies on sends_of_contact. Oldest first, of the newest `limit`. */
async function readMessages(
  tx: Queryable,
  account: Account,
  contactId: string,
  limit: number,
  until: Date | undefined,
): Promise<MessageFacts[]> {
  const found = await tx.query<{ stoppedBy: string | null }>(
    `select s.id as "permitId", a.key as "accountKey", st.channel, st.sender, st.purpose, st.kind,
       c.reference as campaign, s.state, ${iso('s.claimed_at')} as "claimedAt", ${iso('s.valid_until')} as "validUntil",
       s.attempt as attempts, ${iso('s.settled_at')} as "settledAt", s.hold_reason as "holdReason",
       ${iso(`nullif(s.held_until, 'infinity')`)} as "heldUntil", s.detail, s.delivery,
       ${iso('s.delivery_at')} as "deliveryAt",
       case when s.state in ('blocked', 'revoked') then s.blocked_by end as "stoppedBy"
     from sends s
     join streams st on st.id = s.stream_id
     join accounts a on a.id = st.account_id
     left join campaigns c on c.id = st.campaign_id
     where s.contact_id = $1
       and $2 = any (a.ancestors)
       and ($3::timestamptz is null or s.claimed_at <= $3)
     order by s.claimed_at desc, s.id desc
     limit $4`,
    [contactId, account.id, until ?? null, limit],
  );
  const explanations = await explain(
    tx,
    found.rows.flatMap((row) => (row.stoppedBy === null ? [] : [row.stoppedBy])),
  );
  return found.rows.reverse().map(({ stoppedBy, ...row }) => {
    const blockedBy = explanations.get(stoppedBy ?? '');
    return { ...withoutNulls<MessageFacts>(row), ...(blockedBy === undefined ? {} : { blockedBy }) };
  });
}

/** Relies on inbox_of_contact. */
async function readReplies(
  tx: Queryable,
  account: Account,
  contactId: string,
  until: Date | undefined,
): Promise<ReplyFacts[]> {
  const found = await tx.query(
    `select i.id as "inboxId", ${iso('i.received_at')} as "receivedAt", i.channel, i.sender, i.text, i.state,
       i.reading ->> 'action' as action, i.reading ->> 'keyword' as keyword,
       coalesce(i.reading ->> 'sendId', i.in_reply_to::text) as "permitId"
     from inbox i
     join accounts a on a.id = i.account_id
     where i.contact_id = $1
       and i.kind = 'REPLY'
       and $2 = any (a.ancestors)
       and ($3::timestamptz is null or i.received_at <= $3)
     order by i.received_at, i.id`,
    [contactId, account.id, until ?? null],
  );
  return found.rows.map((row) => withoutNulls<ReplyFacts>(row));
}

/** SQL of a time as ISO text. */
export const iso = (column: string): string => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
