// A press of an opt-out link: the token names the message, so the opt-out is tied to it exactly.
import { dayNumber, readOptOutLink, type OptOutLink } from '../domain/opt-out-link.js';
import type { SendingChannel } from '../domain/channel.js';
import type { Queryable } from './database.js';
import type { Storage } from './storage.js';
import { present } from '../domain/present.js';

export type Press =
  | { readonly kind: 'done'; readonly effect: 'added' | 'strengthened' | 'already'; readonly eventId: string }
  | { readonly kind: 'malformed' | 'unknownVersion' | 'forged' };

/** What the page of a link may say: nothing about the person. */
export interface LinkFacts {
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly expired: boolean;
}

/** Opt out by a link. An expired one still counts: it proves who asks. Resolves behind the barrier. */
export async function pressOptOutLink(
  storage: Storage,
  keys: readonly Buffer[],
  token: string,
  at: Date,
  evidence: Readonly<Record<string, unknown>> = {},
): Promise<Press> {
  const read = readOptOutLink(keys, token, { nowDay: dayNumber(at) });
  if (read.kind !== 'valid') return { kind: read.kind };
  const link = read.payload;
  const stream = await senderOf(storage.db, link);
  const narrow = link.level === 'FROM_SENDER' && stream !== undefined;
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
  return { kind: 'done', effect: effect as 'added' | 'strengthened' | 'already', eventId };
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
  const stream = await senderOf(db, read.payload);
  return stream === undefined ? undefined : { ...stream, expired: read.expired };
}

async function senderOf(db: Queryable, link: OptOutLink) {
  const found = await db.query<{ channel: SendingChannel; sender: string }>(
    'select channel, sender from streams where id = $1',
    [link.senderId],
  );
  return found.rows[0];
}
