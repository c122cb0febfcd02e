// What follows from a reply by itself: an automatic answer, and its forwarding to the account's own address. Decided in the
// transaction that reads the reply and kept with its reading, so that neither is lost nor changed by what is set up later.
import type { SendingChannel } from '../domain/channel.js';
import type { DeliveryWindow } from '../domain/delivery-window.js';
import type { Interpretation } from '../domain/replies/interpret.js';
import { isCatchAll, type Forwarding, type KeywordRule } from '../domain/replies/keywords.js';
import type { Queryable } from './database.js';
import type { OutboxMessage } from './outbox.js';
import { withoutNulls } from './without-nulls.js';

/** Beside as many confirmations: robots answer robots. */
export const MOST_ANSWERS_A_DAY = 3;

export interface AutomaticAnswer {
  readonly message: string;
  readonly sender?: string;
  readonly window?: DeliveryWindow;
}

export interface FollowUp {
  readonly answer?: AutomaticAnswer;
  /** With the configured keyword that matched; absent: none did. */
  readonly forwarding?: Forwarding & { readonly keyword?: string };
}

interface ReadReply {
  readonly reply: { readonly inboxId: string; readonly contactId: string };
  readonly read: Interpretation;
  readonly rules: readonly KeywordRule[];
}

/** By inbox id. The people are locked, so the count of a day holds. */
export async function decideFollowUps(
  tx: Queryable,
  replies: readonly ReadReply[],
): Promise<ReadonlyMap<string, FollowUp>> {
  const answers = replies.flatMap(({ reply, read }) => {
    const answer = answerOf(read);
    return answer === undefined ? [] : [{ ...reply, answer }];
  });
  const answered = await answeredToday(
    tx,
    answers.map(({ contactId }) => contactId),
  );
  const followUps = new Map<string, FollowUp>();
  for (const { inboxId, contactId, answer } of answers) {
    const before = answered.get(contactId) ?? 0;
    if (before >= MOST_ANSWERS_A_DAY) continue;
    answered.set(contactId, before + 1);
    followUps.set(inboxId, { answer });
  }
  for (const { reply, read, rules } of replies) {
    // A built-in word takes nothing from whoever wants every reply.
    const rule = read.keyword.rule ?? rules.find(isCatchAll);
    if (rule?.forwarding === undefined) continue;
    const { keyword } = rule;
    const forwarding = { ...rule.forwarding, ...(keyword == null ? {} : { keyword }) };
    followUps.set(reply.inboxId, { ...followUps.get(reply.inboxId), forwarding });
  }
  return followUps;
}

export function messagesOf(followUps: ReadonlyMap<string, FollowUp>): readonly OutboxMessage[] {
  return [...followUps].flatMap(([inboxId, { answer, forwarding }]): OutboxMessage[] => [
    ...(answer === undefined ? [] : [{ kind: 'AUTO_REPLY', payload: { inboxId } } as const]),
    ...(forwarding === undefined ? [] : [{ kind: 'FORWARD', payload: { inboxId } } as const]),
  ]);
}

/**
 * The answer of a keyword that blocks is the confirmation, which is decided with the opt-out. Whoever may have wished to
 * leave gets none: a human decides first.
 */
function answerOf({ action, keyword: { rule } }: Interpretation): AutomaticAnswer | undefined {
  if (action === 'BLOCK' || action === 'REVIEW' || rule?.autoResponse === undefined) return undefined;
  const { autoResponseSender: sender, autoResponseWindow: window } = rule;
  return {
    message: rule.autoResponse,
    ...(sender === undefined ? {} : { sender }),
    ...(window === undefined ? {} : { window }),
  };
}

async function answeredToday(tx: Queryable, contacts: readonly string[]): Promise<Map<string, number>> {
  if (contacts.length === 0) return new Map();
  const found = await tx.query<{ contactId: string; n: number }>(
    // By the index of a person's inbox.
    `select contact_id as "contactId", count(*)::integer as n
     from inbox
     where contact_id = any ($1::bigint[])
       and reading ? 'answer'
       and read_at > clock_timestamp() - interval '1 day'
     group by contact_id`,
    [contacts],
  );
  return new Map(found.rows.map(({ contactId, n }) => [contactId, n]));
}

/** What a follow-up needs to know about its reply. */
export interface FollowedReply {
  readonly accountId: number;
  readonly accountKey: string;
  readonly contactId: string;
  readonly channel: SendingChannel;
  /** Our number: the reply went there. */
  readonly sender: string;
  readonly messageId: string;
  readonly receivedAt: Date;
  /** Absent: erased. */
  readonly from?: string;
  readonly text?: string;
  readonly campaign?: string;
  readonly pairedMessageId?: string;
  readonly followUp: FollowUp;
}

export async function readFollowed(db: Queryable, inboxId: string): Promise<FollowedReply | undefined> {
  const found = await db.query(
    `select i.account_id as "accountId", a.key as "accountKey", i.contact_id as "contactId", i.channel, i.sender,
       i.message_id as "messageId", i.received_at as "receivedAt", p.value as "from", i.text,
       coalesce(i.campaign, c.reference) as campaign, i.reading ->> 'sendId' as "pairedMessageId",
       i.reading as "followUp"
     from inbox i
     join accounts a on a.id = i.account_id
     join contact_points p on p.id = i.contact_id
     left join campaigns c on c.id = (i.reading ->> 'campaignId')::integer
     where i.id = $1 and i.state = 'read'`,
    [inboxId],
  );
  return found.rows.map((row) => withoutNulls<FollowedReply>(row))[0];
}
