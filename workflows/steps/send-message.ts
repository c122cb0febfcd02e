// The send step: ask for a permit, hand over, and wait durably while the message is held.
import { condition } from '@temporalio/workflow';
import type { Contact } from '../../src/domain/contact.js';
import type { SendOutcome } from '../../src/domain/outcome.js';
import type { CheckInput, CheckResult } from '../../src/domain/step-activities.js';
import { isTimeout, neverAnswered } from './failures.js';
import { flow } from './flow-state.js';
import { checkMessage, type CheckedMessage, type Message } from './message.js';
import { nameContact } from './opt-out-signal.js';
import { flowIdentity, step } from './step.js';
import { callActivity, type CallOptions } from './step-activities.js';

/** What became of the message, and to whom it went: what `waitForReply` needs. */
export type MessageOutcome = SendOutcome & { readonly contact: Contact };

/** Waiting for a hold to end is a matter of a signal; asking again now and then is for a signal that got lost. */
const FIRST_POLL_MS = 300;
const LAST_POLL_MS = 300_000;
/** The last check, after the validity, must have time to be answered. */
const LEAST_CHECK_MS = 60_000;
/** A hand-over that has begun should be seen to its end; its permit is over anyhow when the validity is. */
const LEAST_DISPATCH_MS = 10_000;

/**
 * Send a message, unless the blocklist forbids it. Returns what became of it; a blocked message is a value, not an error.
 * Waits while the message is held (unread reply, quiet hours, cap, halt), at most for its validity.
 *
 * @throws ApplicationFailure of type `INVALID_INPUT` if the message cannot be right, of type `STORAGE_UNAVAILABLE` if nobody
 * could decide about it during its whole validity. Nothing was sent then.
 * @example
 * const offer = await sendMessage({ to: contact, channel: 'SMS', sender: '10950', text: 'We miss you! STOP to end.' });
 * if (offer.outcome !== 'sent') return offer;
 */
export async function sendMessage(message: Message): Promise<MessageOutcome> {
  const checked = checkMessage(message);
  return step(async () => {
    nameContact(message.to);
    const key = message.key === undefined ? String((flow.sends += 1)) : `key ${message.key}`;
    const outcome = await sendUntilFinal(message, checked, key);
    flow.released.delete(outcome.permitId);
    return { ...outcome, contact: checked.check.to };
  });
}

async function sendUntilFinal(message: Message, checked: CheckedMessage, stepKey: string): Promise<SendOutcome> {
  const input: CheckInput = { ...checked.check, flow: flowIdentity(), step: stepKey };
  const deadline = Date.now() + checked.validityMs;
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(pollMs * 2, LAST_POLL_MS)) {
    const outcome = await checkAndDispatch(message, input, deadline);
    // Undefined: handing over found no end in time, or quiet hours have begun. The check knows what has become of it.
    if (outcome === undefined) continue;
    if (outcome.outcome !== 'held' || message.onHold === 'return') return outcome;
    await holdEnds(outcome, pollMs, deadline);
  }
}

async function checkAndDispatch(
  message: Message,
  input: CheckInput,
  deadline: number,
): Promise<SendOutcome | undefined> {
  const summary = message.campaign === undefined ? message.channel : `${message.channel} ${message.campaign}`;
  const leftMs = (least: number): number => Math.max(deadline - Date.now(), least);
  const decision = await check(input, { summary, withinMs: leftMs(LEAST_CHECK_MS) });
  flow.registered.add(message.to.id);
  if (decision.outcome !== 'permitted') return decision;
  const { text, subject, quietHours } = message;
  const dispatch = {
    permitId: decision.permitId,
    text,
    ...(subject === undefined ? {} : { subject }),
    ...(quietHours === undefined ? {} : { quietHours }),
  };
  try {
    const withinMs = leftMs(LEAST_DISPATCH_MS);
    const result = await callActivity((to) => to.blocklistDispatch(dispatch), { summary, withinMs });
    return result.outcome === 'undecided' ? undefined : result;
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
}

async function check(input: CheckInput, options: CallOptions): Promise<CheckResult> {
  try {
    return await callActivity((to) => to.blocklistCheck(input), options);
  } catch (error) {
    throw isTimeout(error) ? neverAnswered('sendMessage', error) : error;
  }
}

/** Wait until the hold may be over: at its given end, when the shared workers say so, or when it is time to ask again. */
async function holdEnds(
  held: Extract<SendOutcome, { outcome: 'held' }>,
  pollMs: number,
  deadline: number,
): Promise<void> {
  const until = held.until === undefined ? NaN : Date.parse(held.until);
  const waitMs = Number.isNaN(until) ? pollMs : Math.max(until - Date.now(), FIRST_POLL_MS);
  // One check falls just after the end of the validity: it is the one that says `expired`.
  const leftMs = deadline - Date.now() + FIRST_POLL_MS;
  await condition(() => flow.released.has(held.permitId), leftMs > 0 ? Math.min(waitMs, leftMs) : pollMs, {
    summary: `held: ${held.reason}`,
  });
  flow.released.delete(held.permitId);
}
