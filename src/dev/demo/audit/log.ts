// The network's log against the permits: nothing without one, nothing twice, nothing missing.
import type { LoggedMessage } from '../../../providers/sandbox/log-line.js';
import type { AuditedMessage } from '../../../storage/audit.js';
import { messagesThat } from './contradictions.js';

export function permitContradictions(log: readonly LoggedMessage[], messages: readonly AuditedMessage[]): string[] {
  const permits = new Map(messages.map((message) => [message.id, message]));
  const without = log.filter(({ messageId }) => !permits.has(messageId));
  const elsewhere = log.filter(({ messageId, to }) => (permits.get(messageId)?.destination ?? to) !== to);
  const unsettled = log.filter(({ messageId }) => !HANDED_OVER.has(permits.get(messageId)?.state ?? 'sent'));
  const logged = new Set(log.map(({ messageId }) => messageId));
  const missing = messages.filter(({ id, state }) => state === 'sent' && !logged.has(id));
  const ids = (found: readonly LoggedMessage[]): string[] => found.map(({ messageId }) => messageId);
  return [
    ...messagesThat("in the network's log without a permit", ids(without)),
    ...messagesThat('handed over to another destination than the permit names', ids(elsewhere)),
    ...messagesThat("in the network's log that the database does not count as sent", ids(unsettled)),
    ...messagesThat(
      "counted as sent that the network's log does not have",
      missing.map(({ id }) => id),
    ),
  ];
}

const HANDED_OVER: ReadonlySet<string> = new Set(['sent', 'unknown']);

/** The same words from the same sender to the same person: somebody got one message twice. */
export function repetitions(log: readonly LoggedMessage[]): string[] {
  const seen = new Set<string>();
  const again = log.filter(({ to, channel, sender, campaignReferenceId, text, messageId, kind }) => {
    if (kind === 'confirmation') return false;
    const words = text.replaceAll(OWN_LINK, '');
    const keys = [messageId, JSON.stringify([to, channel, sender, campaignReferenceId, words])];
    const isSeen = keys.some((key) => seen.has(key));
    for (const key of keys) seen.add(key);
    return isSeen;
  });
  return messagesThat(
    'handed over twice',
    again.map(({ messageId }) => messageId),
  );
}

const OWN_LINK = /https?:\/\/\S+/g;
