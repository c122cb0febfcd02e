// What was acknowledged against what the ledger holds: nothing is lost, nothing is read as something else.
import type { DeliveryRecord } from '../../../providers/sandbox/deliveries.js';
import type { Evidence } from './evidence.js';
import { messagesThat } from './contradictions.js';
import { acknowledgedOptOuts } from './opt-outs-seen.js';

/** What was acknowledged must be in the ledger, and as many people must have opted out as the script made to. */
export function lostOptOuts(evidence: Evidence): string[] {
  const read = new Map(evidence.replies.map((reply) => [reply.messageId, reply]));
  const pressed = new Set(evidence.pressedLinks);
  const acknowledged = evidence.deliveries.filter(({ acknowledgedAt }) => acknowledgedAt !== null);
  const ids = (found: readonly DeliveryRecord[]): string[] => found.map(({ messageId }) => messageId);
  const replies = acknowledged.filter(({ via }) => via === 'reply');
  const unread = replies.filter(({ messageId }) => read.get(messageId)?.action === undefined);
  const unwritten = replies.filter(({ messageId }) => {
    const reply = read.get(messageId);
    return reply?.action === 'BLOCK' && reply.optOut === undefined;
  });
  const links = acknowledged.filter(({ via, messageId }) => via === 'link' && !pressed.has(messageId));
  const listed = new Set(evidence.listedOptOuts.map(({ destination }) => destination));
  const unlisted = [...evidence.optedOutBefore].filter((person) => !listed.has(person)).length;
  const made = acknowledgedOptOuts(evidence).length;
  const scripted = evidence.scriptedOptOuts;
  return [
    ...messagesThat('acknowledged as replies and not read', ids(unread)),
    ...messagesThat('read as opt-outs that the ledger does not have', ids(unwritten)),
    ...messagesThat('with a pressed opt-out link that the ledger does not have', ids(links)),
    ...(unlisted === 0 ? [] : [`${unlisted} people of the opt-out file are not in the ledger.`]),
    ...(made === scripted
      ? []
      : [`${scripted} people were made to opt out, ${made} opt-outs were read and acknowledged.`]),
  ];
}
