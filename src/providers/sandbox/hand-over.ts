// Taking messages over: refuse what is already known, reject what a fault says, write the rest to the log, then answer.
// All in one turn of the event loop, so two hand-overs of the same id cannot both pass the check.
import type { OutboundMessage, ProviderAnswer } from '../provider.js';
import type { Faults } from './faults.js';
import type { MessageLog } from './message-log.js';

export interface HandOver {
  readonly answers: readonly ProviderAnswer[];
  /** The messages now in the log. */
  readonly accepted: readonly OutboundMessage[];
}

const ACCEPTED: ProviderAnswer = { kind: 'accepted' };
const DUPLICATE: ProviderAnswer = { kind: 'duplicate' };
const REJECTED: ProviderAnswer = { kind: 'rejected', detail: 'rejected by a scripted fault' };

export function takeOver(
  messages: readonly OutboundMessage[],
  acceptedAt: number,
  log: MessageLog,
  faults: Faults,
): HandOver {
  const answers: ProviderAnswer[] = [];
  const accepted: OutboundMessage[] = [];
  const idsOfThisCall = new Set<string>();
  for (const message of messages) {
    if (idsOfThisCall.has(message.permitId) || log.has(message.permitId)) {
      answers.push(DUPLICATE);
    } else if (faults.rejects(message)) {
      answers.push(REJECTED);
    } else {
      idsOfThisCall.add(message.permitId);
      accepted.push(message);
      answers.push(ACCEPTED);
    }
  }
  log.append(accepted, acceptedAt);
  return { answers, accepted };
}
