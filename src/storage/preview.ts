// What would become of messages if they were sent now: the decision without its permit. Reads only, and locks nothing,
// so it is good for a dry run or a question, never for a send.
import type { SendingChannel } from '../domain/channel.js';
import { emailDomain, type Destination } from '../domain/destinations.js';
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

/** A sender nothing is limited to: asks for what holds for any sender. */
const NO_SENDER = '';

/** A verdict for each destination, in their order. Quiet hours and caps belong to a send and are not looked at. */
export async function preview(
  db: Database,
  contacts: ContactPoints,
  scope: PreviewScope,
  destinations: readonly Destination[],
): Promise<readonly Verdict[]> {
  const purpose = scope.purpose ?? 'MARKETING';
  const key = scope.sender === undefined ? NO_SENDER : senderKey(scope.sender);
  const ids = await contactsOrDomains(contacts, scope.account.rootId, destinations);
  const known = [...new Set(ids.filter((id) => id !== undefined))];
  const values = [scope.account.ancestors, scope.channel, key, purpose, known];
  const [blocked, facts] = await Promise.all([
    db.query<{ contactId: string; entryId: string }>(
      `select contact_id as "contactId", entry_id as "entryId"
       from blocklist_blocking_entries($1::integer[], $2, $3, $4, $5::bigint[])`,
      values,
    ),
    db.query<{ isHalted: boolean; unread: string[] }>(
      `select
         exists (
           select from halts h
           where h.account_id = any ($1::integer[])
             and h.resumed_at is null
             and (h.channel is null or h.channel = $2)
             and (h.sender_key is null or h.sender_key = $3)) as "isHalted",
         array(
           select distinct i.contact_id::text
           from inbox i
           where $4 = 'MARKETING'
             and i.contact_id = any ($5::bigint[])
             and i.state in ('unread', 'review')) as unread`,
      values,
    ),
  ]);
  const explanations = await explain(
    db,
    blocked.rows.map((row) => row.entryId),
  );
  const entryOf = new Map(blocked.rows.map((row) => [row.contactId, row.entryId]));
  const { isHalted, unread } = facts.rows[0] ?? { isHalted: false, unread: [] };
  const unreadIds = new Set(unread);
  return ids.map((id): Verdict => {
    const explanation = id === undefined ? undefined : explanations.get(entryOf.get(id) ?? '');
    if (explanation !== undefined) return { kind: 'blocked', explanation };
    if (isHalted) return { kind: 'held', reason: 'HALT' };
    return id !== undefined && unreadIds.has(id) ? { kind: 'held', reason: 'UNREAD_REPLY' } : { kind: 'permitted' };
  });
}

/** An address nobody has seen yet can still be listed by its domain. */
async function contactsOrDomains(
  contacts: ContactPoints,
  rootId: number,
  destinations: readonly Destination[],
): Promise<readonly (string | undefined)[]> {
  const ids = await contacts.find(rootId, destinations);
  const strangers = destinations.flatMap((destination, i) =>
    ids[i] === undefined && destination.kind === 'email' ? [emailDomain(destination.value)] : [],
  );
  const domains = [...new Set(strangers)];
  if (domains.length === 0) return ids;
  const domainIds = await contacts.find(
    rootId,
    domains.map((value) => ({ kind: 'domain', value })),
  );
  const idOf = new Map(domains.map((domain, i) => [domain, domainIds[i]]));
  return destinations.map((destination, i) =>
    destination.kind === 'email' ? (ids[i] ?? idOf.get(emailDomain(destination.value))) : ids[i],
  );
}
