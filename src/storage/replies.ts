// Reading replies: the drain of one inbox shard. It takes people, not rows: locks them, reads all their unread replies
// in the order received, applies what they ask for and decides their held permits again, in one transaction. So a
// stream of replies cannot starve a person, and an opt-in never releases blindly.
import type { SendingChannel } from '../domain/channel.js';
import { interpret, type Interpretation } from '../domain/replies/interpret.js';
import type { KeywordRule } from '../domain/replies/keywords.js';
import type { ReplyPolicy } from '../domain/replies/reading.js';
import { LIFT_TABLE } from '../domain/lifts.js';
import type { ReplySignal } from '../domain/step-activities.js';
import { decideFollowUps, messagesOf, type FollowUp } from './automatic-replies.js';
import type { Database, Queryable } from './database.js';
import { pages, writeOptIns, writeOptOuts, type Confidence, type OptIn, type OptOut } from './opt-outs.js';
import { enqueue, type OutboxMessage } from './outbox.js';

/** People of one transaction: short enough for an opt-out waiting behind it. */
const PEOPLE = 500;
/** A row that fails so often goes to review: visible, its hold kept. */
const MAX_TRIES = 5;
/** Words kept as evidence. */
const MOST_WORDS = 12;
/** 47 CFR 64.1200(a)(12): a confirmation within five minutes is presumed to be covered by the prior consent. */
const CONFIRMATION_WINDOW = '5 minutes';

export interface DrainResult {
  readonly read: number;
  readonly optOuts: number;
  readonly optIns: number;
  readonly failed: number;
  /** True: there may be more to read. */
  readonly more: boolean;
}

/** How replies to a sender are read. */
export interface ReplyRules {
  readonly keywords: readonly KeywordRule[];
  readonly policy: ReplyPolicy;
}

/** The rules for a reply; reads on `tx`, since a drain that waited for a second connection could wait for itself. */
export type RulesFor = (
  tx: Queryable,
  accountId: number,
  channel: SendingChannel,
  senderKey: string,
) => Promise<ReplyRules>;

interface UnreadReply {
  readonly inboxId: string;
  readonly contactId: string;
  readonly accountId: number;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly senderKey: string;
  readonly text: string;
  readonly receivedAt: Date;
  readonly sendId: string | null;
  readonly confidence: Confidence;
  readonly campaignId: number | null;
  readonly flowContactId: string | null;
}

interface ReadReply {
  readonly reply: UnreadReply;
  readonly read: Interpretation;
  /** The configured keywords that it was read by. */
  readonly rules: readonly KeywordRule[];
}

/** Read one portion of a shard. */
export async function drainShard(db: Database, shard: number, rulesFor: RulesFor): Promise<DrainResult> {
  const people = await db.query<{ id: string }>('select contact_id as id from blocklist_people_to_read($1, $2)', [
    shard,
    PEOPLE,
  ]);
  const contacts = people.rows.map((row) => row.id);
  const more = contacts.length === PEOPLE;
  try {
    return { ...(await drainPeople(db, contacts, rulesFor)), more };
  } catch (error) {
    if (contacts.length <= 1) {
      await countFailure(db, contacts, error);
      return { read: 0, optOuts: 0, optIns: 0, failed: contacts.length, more };
    }
  }
  // One bad row must not hold up the others: the same people one at a time.
  const sum = { read: 0, optOuts: 0, optIns: 0, failed: 0 };
  for (const contact of contacts) {
    try {
      const one = await drainPeople(db, [contact], rulesFor);
      sum.read += one.read;
      sum.optOuts += one.optOuts;
      sum.optIns += one.optIns;
    } catch (error) {
      sum.failed += 1;
      await countFailure(db, [contact], error);
    }
  }
  return { ...sum, more };
}

async function drainPeople(db: Database, contacts: readonly string[], rulesFor: RulesFor) {
  if (contacts.length === 0) return { read: 0, optOuts: 0, optIns: 0, failed: 0 };
  return db.transaction(async (tx) => {
    const unread = await tx.query<UnreadReply>(
      `select inbox_id as "inboxId", contact_id as "contactId", account_id as "accountId", channel, sender,
         sender_key as "senderKey", text, received_at as "receivedAt", send_id as "sendId", confidence,
         campaign_id as "campaignId", flow_contact_id as "flowContactId"
       from blocklist_read_replies($1::bigint[])`,
      [contacts],
    );
    const replies: ReadReply[] = [];
    for (const reply of unread.rows) {
      const { keywords, policy } = await rulesFor(tx, reply.accountId, reply.channel, reply.senderKey);
      replies.push({ reply, read: interpret(reply.text, keywords, policy), rules: keywords });
    }
    const changes = await applyInOrder(tx, replies);
    const followUps = await decideFollowUps(tx, replies);
    await markRead(tx, replies, followUps);
    await tx.query('select blocklist_release($1::bigint[])', [contacts]);
    await enqueueConfirmations(tx, changes.added);
    await enqueue(tx, messagesOf(followUps));
    // One that waits for a human is forwarded when he has decided that it was ordinary talk.
    const spoken = replies.filter(({ read }) => read.action !== 'BLOCK' && read.action !== 'REVIEW');
    await forwardToFlows(
      tx,
      spoken.map(({ reply, read }) => ({ ...reply, keyword: read.keyword.keyword })),
    );
    return { read: replies.length, optOuts: changes.optOuts, optIns: changes.optIns, failed: 0 };
  });
}

/** Each person's wishes in their order: STOP, START, STOP ends as STOP. Everybody's nth wish is written together. */
async function applyInOrder(tx: Queryable, replies: readonly ReadReply[]) {
  const wishes = replies.filter(({ read }) => read.action === 'BLOCK' || read.action === 'UNBLOCK');
  const added: string[] = [];
  let optOuts = 0;
  let optIns = 0;
  for (const round of pages(wishes.map((wish) => ({ ...wish, contactId: wish.reply.contactId })))) {
    const outs = round.filter(({ item }) => item.read.action === 'BLOCK');
    const ins = round.filter(({ item }) => item.read.action === 'UNBLOCK');
    if (outs.length > 0) {
      const written = await writeOptOuts(
        tx,
        outs.map(({ n, item }) => ({ n, item: optOutOf(item) })),
      );
      added.push(...written.filter((w) => w.effect === 'added').map((w) => w.eventId));
      optOuts += outs.length;
    }
    if (ins.length > 0) {
      await writeOptIns(
        tx,
        ins.map(({ n, item }) => ({ n, item: optInOf(item) })),
      );
      optIns += ins.length;
    }
  }
  return { added, optOuts, optIns };
}

function optOutOf(item: ReadReply): OptOut {
  return { ...changeOf(item), source: 'MO' };
}

function optInOf(item: ReadReply): OptIn {
  return { ...changeOf(item), source: 'MO', sources: LIFT_TABLE.PERSON_KEYWORD.sources };
}

function changeOf({ reply, read }: ReadReply) {
  const { keyword } = read;
  const { id: rule, autoResponse, autoResponseSender, autoResponseWindow } = keyword.rule ?? {};
  return {
    accountId: reply.accountId,
    contactId: reply.contactId,
    receivedAt: reply.receivedAt,
    inboxId: reply.inboxId,
    confidence: reply.confidence,
    actor: 'person',
    evidence: {
      keyword: keywordOf(read),
      builtIn: keyword.builtIn,
      // What is undefined is left out where this becomes JSON.
      rule,
      autoResponse,
      autoResponseSender,
      autoResponseWindow,
      ...evidenceOf(read),
    },
    ...(keyword.level === 'FROM_SENDER' ? { channel: reply.channel, sender: reply.sender } : {}),
    ...(reply.sendId === null ? {} : { sendId: reply.sendId }),
    ...(reply.campaignId === null ? {} : { campaignId: reply.campaignId }),
  };
}

/** The word that decided, or the words. */
const keywordOf = ({ keyword, reading }: Interpretation): string =>
  reading?.label === 'opt_out' && keyword.action !== 'BLOCK' ? reading.words.join(' ').toUpperCase() : keyword.keyword;

/** Why it was read so: kept in the ledger, while the text goes when its time is over. */
const evidenceOf = ({ reading }: Interpretation) =>
  reading === undefined
    ? {}
    : {
        label: reading.label,
        reason: reading.reason,
        words: reading.words.slice(0, MOST_WORDS),
        language: reading.language,
        sure: reading.confidence,
      };

async function markRead(
  tx: Queryable,
  replies: readonly ReadReply[],
  followUps: ReadonlyMap<string, FollowUp>,
): Promise<void> {
  await tx.query(
    `update inbox i
     set state = case when r.reading ->> 'action' = 'REVIEW' then 'review' else 'read' end,
       read_at = clock_timestamp(), reading = r.reading
     from (select (value ->> 'id')::bigint as id, value -> 'reading' as reading from jsonb_array_elements($1)) r
     where i.id = r.id`,
    [
      JSON.stringify(
        replies.map(({ reply, read }) => ({
          id: reply.inboxId,
          reading: {
            action: read.action,
            keyword: keywordOf(read),
            ...evidenceOf(read),
            sendId: reply.sendId ?? undefined,
            campaignId: reply.campaignId ?? undefined,
            confidence: reply.confidence,
            ...followUps.get(reply.inboxId),
          },
        })),
      ),
    ],
  );
}

/**
 * One confirmation for each change from unblocked to blocked that a reply caused: none if the reply came too long ago,
 * and none if another entry already covered messages from that sender on that channel.
 */
export async function enqueueConfirmations(tx: Queryable, addedEventIds: readonly string[]): Promise<void> {
  if (addedEventIds.length === 0) return;
  const found = await tx.query<{ id: string }>(
    `select ev.id
     from blocklist_events ev
     join blocklist_entries own on own.id = ev.id
     join inbox i on i.id = ev.inbox_id
     join accounts a on a.id = ev.account_id
     join contact_points p on p.id = ev.contact_id
     where ev.id = any ($1::bigint[])
       and ev.received_at > clock_timestamp() - interval '${CONFIRMATION_WINDOW}'
       and not exists (
         select from blocklist_entries e
         where e.contact_id in (p.id, p.domain_id)
           and e.id <> ev.id
           and e.account_id = any (a.ancestors)
           and (e.channel is null or e.channel = i.channel)
           and (e.sender_key is null or e.sender_key = i.sender_key)
       )`,
    [addedEventIds],
  );
  await enqueue(
    tx,
    found.rows.map((row) => ({ kind: 'CONFIRMATION', payload: { eventId: row.id } })),
  );
}

/** A reply that is ordinary talk. */
export interface SpokenReply {
  readonly contactId: string;
  readonly inboxId: string;
  readonly text: string;
  readonly keyword: string;
  readonly receivedAt: Date;
  readonly sendId: string | null;
  readonly flowContactId: string | null;
}

/** A reply belongs to the flow whose message it answers; one that answers no known message, to all the person is in. */
export async function forwardToFlows(tx: Queryable, spoken: readonly SpokenReply[]): Promise<void> {
  if (spoken.length === 0) return;
  const flows = await tx.query<{ id: string; workflowId: string; contactId: string }>(
    `select id, workflow_id as "workflowId", contact_id as "contactId"
     from flow_contacts
     where contact_id = any ($1::bigint[]) and closed_at is null`,
    [spoken.map(({ contactId }) => contactId)],
  );
  const messages = spoken.flatMap((reply) =>
    flows.rows
      .filter((flow) => flow.contactId === reply.contactId)
      .filter((flow) => reply.sendId === null || flow.id === reply.flowContactId)
      .map((flow): OutboxMessage => ({
        kind: 'SIGNAL',
        payload: {
          workflowId: flow.workflowId,
          flowContact: flow.id,
          signal: 'blocklistReply',
          arg: replySignal(reply),
        },
      })),
  );
  await enqueue(tx, messages);
}

function replySignal({ contactId, inboxId, text, keyword, receivedAt, sendId }: SpokenReply): ReplySignal {
  return {
    contactId,
    inboxId,
    text,
    keyword,
    receivedAt: receivedAt.toISOString(),
    ...(sendId === null ? {} : { permitId: sendId }),
  };
}

/** Storage that is away is not the row's fault. */
async function countFailure(db: Database, contacts: readonly string[], error: unknown): Promise<void> {
  if ((error as { retryable?: boolean } | null)?.retryable === true) throw error;
  await db.query(
    `update inbox
     set tries = tries + 1, state = case when tries + 1 >= $2 then 'review' else state end
     where contact_id = any ($1::bigint[]) and state = 'unread'`,
    [contacts, MAX_TRIES],
  );
}
