// A press of an opt-out link: the token names the message, so the opt-out is tied to it exactly.
import { dayNumber, readOptOutLink, type OptOutLink } from '../domain/opt-out-link.js';
import type { SendingChannel } from '../domain/channel.js';
import type { Level } from '../domain/scope.js';
import { accountStore } from './accounts.js';
import type { Queryable } from './database.js';
import { accountSettings } from './settings.js';
import type { Storage } from './storage.js';
import { present } from '../domain/present.js';

export type Press =
  | {
      readonly kind: 'done';
      readonly effect: 'added' | 'strengthened' | 'already';
      readonly eventId: string;
      /** How far it went. */
      readonly level: Level;
    }
  | { readonly kind: 'malformed' | 'unknownVersion' | 'forged' };

/** What the page of a link may say: nothing that tells who the person is. */
export interface LinkFacts {
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly expired: boolean;
  /** The person is out already, by whatever way, of all that a press would take him out of. */
  readonly hasLeft: boolean;
  /** The person is out of this sender's messages on this channel, at least. */
  readonly hasLeftSender: boolean;
  /** The account lets the person choose between this sender and everything. */
  readonly mayChoose: boolean;
  /** Until when the press of this very link can be taken back; see {@link undoPress}. */
  readonly undoUntil?: Date;
}

export type Undo =
  /** `eventId` is that of the ledger's line; the same one however often it is asked for. */
  | { readonly kind: 'undone'; readonly eventId: string }
  /** `superseded`: something came after the press, and stands. `nothing`: the link was not pressed, or changed nothing. */
  | { readonly kind: 'superseded' | 'tooLate' | 'nothing' }
  | { readonly kind: 'malformed' | 'unknownVersion' | 'forged' | 'expired' };

/** Long enough for whoever sees that the press was a mistake, too short for anybody who finds the message later. */
export const UNDO_WITHIN_SECONDS = 600;

/**
 * Opt out by a link. An expired one still counts: it proves who asks. `chosen` counts where the account lets people choose;
 * otherwise the link says how far the press goes. Resolves behind the barrier.
 */
export async function pressOptOutLink(
  storage: Storage,
  keys: readonly Buffer[],
  token: string,
  at: Date,
  evidence: Readonly<Record<string, unknown>> = {},
  chosen?: Level,
): Promise<Press> {
  const read = readOptOutLink(keys, token, { nowDay: dayNumber(at) });
  if (read.kind !== 'valid') return { kind: read.kind };
  const link = read.payload;
  const stream = await senderOf(storage.db, link);
  const level = chosen !== undefined && (await mayChoose(storage.db, link.accountId)) ? chosen : link.level;
  const narrow = level === 'FROM_SENDER' && stream !== undefined;
  const [written] = await storage.optOuts.optOut([
    {
      accountId: link.accountId,
      contactId: link.contactId,
      source: 'URL_OPT_OUT',
      receivedAt: at,
      sendId: link.permitId,
      confidence: 'exact',
      actor: 'person',
      evidence: { ...evidence, ...(read.expired ? { expired: true } : {}) },
      ...(link.campaignId === undefined ? {} : { campaignId: link.campaignId }),
      ...(narrow ? { channel: stream.channel, sender: stream.sender } : {}),
    },
  ]);
  const { effect, eventId } = present(written, 'what was written');
  return {
    kind: 'done',
    effect: effect as 'added' | 'strengthened' | 'already',
    eventId,
    level: narrow ? level : 'FROM_ANY_SENDER',
  };
}

/**
 * Take back the press of this link: exactly the entry that it made, and only if nothing came since: no other opt-out, no
 * reply that has not been read. What the opt-out stopped stays stopped. An expired link takes nothing back.
 */
export async function undoPress(
  db: Queryable,
  keys: readonly Buffer[],
  token: string,
  at: Date,
  evidence: Readonly<Record<string, unknown>> = {},
): Promise<Undo> {
  const read = readOptOutLink(keys, token, { nowDay: dayNumber(at) });
  if (read.kind !== 'valid') return { kind: read.kind };
  if (read.expired) return { kind: 'expired' };
  const found = await db.query<{ outcome: Exclude<Undo['kind'], 'malformed'>; eventId: string | null }>(
    `select outcome, event_id as "eventId" from blocklist_undo_press($1, $2, $3, make_interval(secs => $4), $5)`,
    [read.payload.contactId, read.payload.permitId, at.toISOString(), UNDO_WITHIN_SECONDS, JSON.stringify(evidence)],
  );
  const { outcome, eventId } = present(found.rows[0], 'the outcome');
  return { kind: outcome, ...(eventId === null ? {} : { eventId }) } as Undo;
}

/** What a link is about, for the page that GET shows; nothing is written. */
export async function readLink(
  db: Queryable,
  keys: readonly Buffer[],
  token: string,
  at: Date,
): Promise<LinkFacts | undefined> {
  const read = readOptOutLink(keys, token, { nowDay: dayNumber(at) });
  if (read.kind !== 'valid') return undefined;
  const link = read.payload;
  const found = await db.query<Omit<LinkFacts, 'expired' | 'undoUntil' | 'mayChoose'> & { pressedAt: Date | null }>(
    // As wide as the press would make it, and the person's own or a flow's: an operator's entry is nobody's farewell.
    `select st.channel, st.sender,
       exists (
         select from blocklist_entries e
         join accounts a on a.id = $2
         where e.contact_id = $3
           and e.account_id = any (a.ancestors)
           and e.source <> 'CUSTOM'
           and e.covers = 'ALL'
           and (e.channel is null or $4 and e.channel = st.channel)
           and (e.sender_key is null or $4 and e.sender_key = st.sender_key)) as "hasLeft",
       exists (
         select from blocklist_entries e
         join accounts a on a.id = $2
         where e.contact_id = $3
           and e.account_id = any (a.ancestors)
           and e.source <> 'CUSTOM'
           and e.covers = 'ALL'
           and (e.channel is null or e.channel = st.channel)
           and (e.sender_key is null or e.sender_key = st.sender_key)) as "hasLeftSender",
       (
         select case when last.send_id = $5 and last.source = 'URL_OPT_OUT' and last.effect = 'added' then last.received_at end
         from (
           select e.send_id, e.source, e.effect, e.received_at
           from blocklist_events e where e.contact_id = $3 order by e.id desc limit 1
         ) last
       ) as "pressedAt"
     from streams st where st.id = $1`,
    [link.senderId, link.accountId, link.contactId, link.level === 'FROM_SENDER', link.permitId],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { pressedAt, ...facts } = row;
  const undoUntil = pressedAt === null ? undefined : new Date(pressedAt.getTime() + UNDO_WITHIN_SECONDS * 1000);
  const canUndo = undoUntil !== undefined && undoUntil > at && !read.expired;
  return {
    ...facts,
    mayChoose: await mayChoose(db, link.accountId),
    expired: read.expired,
    ...(canUndo ? { undoUntil } : {}),
  };
}

async function mayChoose(db: Queryable, accountId: number): Promise<boolean> {
  return (await accountSettings(db, await accountStore(db).byId(accountId))).optOutScopeChoice;
}

async function senderOf(db: Queryable, link: OptOutLink) {
  const found = await db.query<{ channel: SendingChannel; sender: string }>(
    'select channel, sender from streams where id = $1',
    [link.senderId],
  );
  return found.rows[0];
}
