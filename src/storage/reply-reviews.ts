// Replies that wait for a human: their senders' marketing is held until somebody has decided. A decision is written like
// the drain writes what it is sure of, and by sets.
import type { SendingChannel } from '../domain/channel.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';
import { pages, writeOptOuts, type Confidence } from './opt-outs.js';
import { enqueueConfirmations, forwardToFlows } from './replies.js';

export interface ReplyReview {
  readonly id: string;
  readonly accountKey: string;
  readonly contactId: string;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly text: string;
  readonly receivedAt: Date;
  /** The law's last day to honour an opt-out: ten business days, 47 CFR 64.1200(a)(10). */
  readonly decideBy: Date;
  /** Why it waits; absent if it could not be read at all. */
  readonly reason?: string;
  readonly words?: readonly string[];
  readonly language?: string;
  readonly confidence?: number;
}

export const REVIEW_DECISIONS = ['opt-out', 'keep'] as const;
export type ReviewDecision = (typeof REVIEW_DECISIONS)[number];

export interface Decided {
  /** Replies this call decided; others were decided before, or are not this account's. */
  readonly decided: readonly string[];
}

export interface ReadingCount {
  readonly label: string;
  readonly language: string;
  readonly reason: string;
  readonly action: string;
  readonly replies: number;
  /** Of those a human looked at, how many he decided to keep: a rule with many is a bad one. */
  readonly kept: number;
}

/** Decided together: short enough for an opt-out waiting behind it. */
export const MOST_DECISIONS = 500;

/** Oldest first, of the account and those below it, after the one with the id `after`. */
export async function openReviews(
  db: Database,
  account: Account,
  { after = '0', limit = 100 }: { readonly after?: string; readonly limit?: number } = {},
): Promise<readonly ReplyReview[]> {
  const found = await db.query<ReplyReview & { reason: string | null }>(
    `select i.id, a.key as "accountKey", i.contact_id as "contactId", i.channel, i.sender, i.text,
       i.received_at as "receivedAt", i.received_at + interval '14 days' as "decideBy",
       i.reading ->> 'reason' as reason, i.reading -> 'words' as words, i.reading ->> 'language' as language,
       (i.reading ->> 'sure')::float8 as confidence
     from inbox i
     join accounts a on a.id = i.account_id
     where i.state = 'review' and i.kind = 'REPLY' and a.ancestors @> array[$1::integer] and i.id > $2
     order by i.id
     limit $3`,
    [account.id, after, limit],
  );
  return found.rows.map(({ reason, words, language, confidence, ...review }) =>
    reason === null
      ? review
      : {
          ...review,
          reason,
          ...(words && { words }),
          ...(language && { language }),
          ...(confidence && { confidence }),
        },
  );
}

/** Decide reviews of the account and those below it: all at once, or none. */
export async function decideReviews(
  db: Database,
  account: Account,
  ids: readonly string[],
  decision: ReviewDecision,
  actor: string,
): Promise<Decided> {
  return db.transaction(async (tx) => {
    const contacts = await tx.query<{ id: string }>(
      `select distinct contact_id as id from inbox where id = any ($1::bigint[]) and state = 'review'`,
      [ids],
    );
    const people = contacts.rows.map((row) => row.id);
    if (people.length === 0) return { decided: [] };
    // As every change of what may be sent: the people first, then their rows.
    await tx.query('select blocklist_lock_for_change($1::bigint[])', [people]);
    const waiting = await waitingOf(tx, account, ids);
    const added = decision === 'opt-out' ? await optOut(tx, waiting, actor) : [];
    await tx.query(
      `update inbox
       set state = 'read', read_at = clock_timestamp(), reading = coalesce(reading, '{}') || jsonb_build_object(
         'action', $2::text, 'decision', $3::text, 'decidedBy', $4::text)
       where id = any ($1::bigint[])`,
      [waiting.map(({ inboxId }) => inboxId), decision === 'opt-out' ? 'BLOCK' : 'NONE', decision, actor],
    );
    await tx.query('select blocklist_release($1::bigint[])', [people]);
    await enqueueConfirmations(tx, added);
    if (decision === 'keep') await forwardToFlows(tx, waiting);
    return { decided: waiting.map(({ inboxId }) => inboxId) };
  });
}

interface Waiting {
  readonly inboxId: string;
  readonly contactId: string;
  readonly accountId: number;
  readonly text: string;
  readonly receivedAt: Date;
  readonly keyword: string;
  readonly sendId: string | null;
  readonly campaignId: number | null;
  readonly flowContactId: string | null;
  readonly reading: Readonly<Record<string, unknown>> | null;
}

async function waitingOf(tx: Queryable, account: Account, ids: readonly string[]): Promise<readonly Waiting[]> {
  const found = await tx.query<Waiting>(
    `select i.id as "inboxId", i.contact_id as "contactId", i.account_id as "accountId", i.text,
       i.received_at as "receivedAt", coalesce(i.reading ->> 'keyword', '') as keyword,
       i.reading ->> 'sendId' as "sendId", (i.reading ->> 'campaignId')::integer as "campaignId",
       s.flow_contact_id as "flowContactId", i.reading
     from inbox i
     join accounts a on a.id = i.account_id
     left join sends s on s.id = (i.reading ->> 'sendId')::uuid
     where i.id = any ($1::bigint[]) and i.state = 'review' and i.kind = 'REPLY' and a.ancestors @> array[$2::integer]
     order by i.id
     for update of i`,
    [ids, account.id],
  );
  return found.rows;
}

async function optOut(tx: Queryable, waiting: readonly Waiting[], actor: string): Promise<string[]> {
  const added: string[] = [];
  for (const page of pages(waiting)) {
    const written = await writeOptOuts(
      tx,
      page.map(({ n, item }) => ({
        n,
        item: {
          accountId: item.accountId,
          contactId: item.contactId,
          receivedAt: item.receivedAt,
          inboxId: item.inboxId,
          source: 'MO',
          actor: 'person',
          confidence: (item.reading?.['confidence'] ?? 'none') as Confidence,
          evidence: { ...evidenceOf(item.reading), decidedBy: actor },
          ...(item.sendId === null ? {} : { sendId: item.sendId }),
          ...(item.campaignId === null ? {} : { campaignId: item.campaignId }),
        },
      })),
    );
    added.push(...written.filter(({ effect }) => effect === 'added').map(({ eventId }) => eventId));
  }
  return added;
}

function evidenceOf(reading: Waiting['reading']): Record<string, unknown> {
  const { keyword, label, reason, words, language, sure } = reading ?? {};
  return { keyword, label, reason, words, language, sure };
}

/** How replies were read since `since`, so that a bad rule is seen. */
export async function readingCounts(db: Database, account: Account, since: Date): Promise<readonly ReadingCount[]> {
  const found = await db.query<ReadingCount>(
    `select coalesce(i.reading ->> 'label', 'other') as label, coalesce(i.reading ->> 'language', 'und') as language,
       coalesce(i.reading ->> 'reason', 'configured') as reason, i.reading ->> 'action' as action,
       count(*)::integer as replies, (count(*) filter (where i.reading ->> 'decision' = 'keep'))::integer as kept
     from inbox i
     join accounts a on a.id = i.account_id
     where i.kind = 'REPLY' and i.reading is not null and i.read_at >= $2 and a.ancestors @> array[$1::integer]
     group by 1, 2, 3, 4
     order by 5 desc, 1, 2, 3, 4`,
    [account.id, since],
  );
  return found.rows;
}
