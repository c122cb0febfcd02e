// Waits for what a person answers.
import type { Duration } from '@temporalio/common';
import type { Contact } from '../../src/domain/contact.js';
import { flow } from './flow-state.js';
import { InputCheck } from './input-check.js';
import { take } from './mailbox.js';
import { nameContact } from './opt-out-signal.js';
import { step } from './step.js';
import { ensureRegistered } from './step-activities.js';

export type ReplyWait = {
  /** Counted from the call. */
  readonly timeout: Duration;
} & (
  | {
      /** The message to be answered: what `sendMessage` returned. */
      readonly replyTo: { readonly permitId: string; readonly contact: Contact };
    }
  | {
      /** Any reply of this person to this flow. */
      readonly contact: Contact;
    }
);

export type Reply =
  | { readonly timedOut: true }
  | {
      readonly timedOut: false;
      readonly contact: Contact;
      readonly text: string;
      /** First word of the text, in upper case. */
      readonly keyword: string;
      readonly inboxId: string;
      /** The message it answers, where that is known. */
      readonly permitId?: string;
      readonly receivedAt: string;
    };

/** The server keeps timers longer than any conversation lasts. */
const LONGEST_WAIT_MS = 366 * 86_400_000;

/**
 * Wait for a reply. A reply that came before the wait counts; each one is given out once. Words that opt out, such as
 * STOP, never get here: they end the flow.
 *
 * @example
 * const reply = await waitForReply({ replyTo: offer, timeout: '24 hours' });
 * if (!reply.timedOut && reply.keyword === 'YES') await sendCoupon();
 */
export async function waitForReply(wait: ReplyWait): Promise<Reply> {
  const input = new InputCheck('waitForReply', wait);
  const asked = 'replyTo' in wait ? wait.replyTo : undefined;
  const contact = 'contact' in wait ? wait.contact : asked?.contact;
  input.contact(contact, asked === undefined ? 'contact' : 'replyTo.contact');
  if (asked !== undefined) input.text(asked.permitId, 'replyTo.permitId', 64);
  const timeoutMs = input.duration(wait.timeout, 'timeout', LONGEST_WAIT_MS);
  input.done();
  return step(async () =>
    contact === undefined ? { timedOut: true } : takeReply(contact, asked?.permitId, timeoutMs),
  );
}

async function takeReply(contact: Contact, permitId: string | undefined, timeoutMs: number): Promise<Reply> {
  const deadline = Date.now() + timeoutMs;
  nameContact(contact);
  await ensureRegistered(contact);
  const reply = await take(
    flow.replies,
    (candidate) =>
      candidate.contactId === contact.id &&
      (permitId === undefined || candidate.permitId === undefined || candidate.permitId === permitId),
    deadline - Date.now(),
    'reply',
  );
  if (reply === undefined) return { timedOut: true };
  const { contactId: _, ...rest } = reply;
  return { timedOut: false, contact: { id: contact.id }, ...rest };
}
