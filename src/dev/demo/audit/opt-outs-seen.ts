// What people did, as the network saw it and the product read it.
import type { DeliveryRecord } from '../../../providers/sandbox/deliveries.js';
import type { LoggedMessage } from '../../../providers/sandbox/log-line.js';
import type { Evidence } from './evidence.js';
import type { Refusal, Return } from './silence.js';

export function acknowledgedOptOuts({ deliveries, replies }: Evidence): DeliveryRecord[] {
  const blocked = new Set(replies.filter(({ action }) => action === 'BLOCK').map(({ messageId }) => messageId));
  return deliveries.filter(
    ({ via, messageId, acknowledgedAt }) => acknowledgedAt !== null && (via === 'link' || blocked.has(messageId)),
  );
}

export function refusalsOf(evidence: Evidence): Refusal[] {
  const scopes = new Map(evidence.replies.map(({ messageId, optOut }) => [messageId, optOut]));
  return acknowledgedOptOuts(evidence).flatMap(({ from, via, messageId, begunAt, acknowledgedAt }) => {
    if (acknowledgedAt === null) return [];
    const scope = via === 'reply' ? scopes.get(messageId) : undefined;
    return [{ person: from, at: begunAt, acknowledgedAt, canReturn: true, ...scope }];
  });
}

export function listedRefusals({ listedOptOuts }: Evidence): Refusal[] {
  return listedOptOuts.map(({ destination, source, at, holdsFrom, ...scope }) => {
    return { person: destination, at, acknowledgedAt: holdsFrom, canReturn: source !== 'CUSTOM', ...scope };
  });
}

export function returnsOf({ deliveries, replies }: Evidence): Return[] {
  const unblocked = new Set(replies.filter(({ action }) => action === 'UNBLOCK').map(({ messageId }) => messageId));
  return deliveries.flatMap(({ from, messageId, begunAt }) =>
    unblocked.has(messageId) ? [{ person: from, at: begunAt }] : [],
  );
}

/** The message that a reply or a press answers: the one it names, else the latest of that sender on that channel. */
export function answeredMessages(
  log: readonly LoggedMessage[],
): (delivery: DeliveryRecord) => LoggedMessage | undefined {
  const byId = new Map(log.map((message) => [message.messageId, message]));
  const byParties = new Map<string, LoggedMessage[]>();
  for (const message of log) {
    const parties = JSON.stringify([message.to, message.sender, message.channel]);
    const earlier = byParties.get(parties);
    if (earlier === undefined) byParties.set(parties, [message]);
    else earlier.push(message);
  }
  return ({ inReplyTo, from, to, channel, begunAt }) => {
    if (inReplyTo !== null) return byId.get(inReplyTo);
    const candidates = byParties.get(JSON.stringify([from, to, channel])) ?? [];
    return candidates.findLast((message) => message.kind === 'message' && message.acceptedAt < begunAt);
  };
}
