// A destination's history for reading: what holds now, then everything that happened, in order.
import type { DestinationHistory } from '../domain/destination-history.js';

export function historyText(history: DestinationHistory): string {
  return [
    history.summary,
    ...history.entries.map((entry) => `  entry ${entry.entryId} (${entry.source}): ${entry.inWords}`),
    ...section(
      'Ledger',
      history.events.map((event) => ({ at: event.at, text: `${event.kind} ${event.source}: ${event.inWords}` })),
    ),
    ...section(
      history.hasMoreMessages ? `Messages (the newest ${history.messages.length})` : 'Messages',
      history.messages.map((message) => ({ at: message.claimedAt, text: messageText(message) })),
    ),
    ...section(
      'Replies',
      history.replies.map((reply) => ({
        at: reply.receivedAt,
        text: `${reply.channel ?? ''} ${reply.text === undefined ? '(text erased)' : JSON.stringify(reply.text)}: ${reply.inWords}`.trim(),
      })),
    ),
  ].join('\n');
}

function messageText(message: DestinationHistory['messages'][number]): string {
  const campaign = message.campaign === undefined ? '' : `, campaign ${message.campaign}`;
  const code =
    message.code === undefined || message.state === 'sent'
      ? ''
      : ` [status ${message.code.status.id} ${message.code.status.name}, error ${message.code.error.id} ${message.code.error.name}]`;
  return `${message.channel} from ${message.sender}${campaign} (${message.permitId}): ${message.inWords}${code}`;
}

function section(title: string, lines: readonly { readonly at: string; readonly text: string }[]): string[] {
  if (lines.length === 0) return [];
  return ['', title, ...lines.map(({ at, text }) => `  ${at.slice(0, 19).replace('T', ' ')}  ${text}`)];
}
