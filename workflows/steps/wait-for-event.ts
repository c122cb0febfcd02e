// Waits for what a person does: a product event that a service reports.
import type { Duration } from '@temporalio/common';
import type { Contact } from '../../src/domain/contact.js';
import { flow } from './flow-state.js';
import { InputCheck } from './input-check.js';
import { take } from './mailbox.js';
import { nameContact } from './opt-out-signal.js';
import { step } from './step.js';
import { ensureRegistered } from './step-activities.js';

export interface EventWait {
  readonly contact: Contact;
  /** The name of the event, as the service reports it. */
  readonly event: string;
  /** Counted from the call. */
  readonly timeout: Duration;
}

export type AwaitedEvent =
  | { readonly timedOut: true; readonly contact: Contact; readonly event: string }
  | {
      readonly timedOut: false;
      readonly contact: Contact;
      readonly event: string;
      readonly eventId: string;
      readonly properties: Readonly<Record<string, unknown>>;
      readonly at: string;
    };

const LONGEST_WAIT_MS = 366 * 86_400_000;

/**
 * Wait for an event of a person. One that came since the flow first had to do with the person counts; each is given out once.
 *
 * @example
 * const survey = await waitForEvent({ contact, event: 'surveyAnswered', timeout: '7 days' });
 */
export async function waitForEvent(wait: EventWait): Promise<AwaitedEvent> {
  const input = new InputCheck('waitForEvent', wait);
  input.contact(wait.contact, 'contact');
  input.text(wait.event, 'event', 255);
  const timeoutMs = input.duration(wait.timeout, 'timeout', LONGEST_WAIT_MS);
  input.done();
  const contact = { id: wait.contact.id };
  return step(async () => {
    const deadline = Date.now() + timeoutMs;
    nameContact(contact);
    await ensureRegistered(contact);
    const event = await take(
      flow.events,
      (candidate) => candidate.contactId === contact.id && candidate.event === wait.event,
      deadline - Date.now(),
      `event ${wait.event}`.slice(0, 100),
    );
    if (event === undefined) return { timedOut: true, contact, event: wait.event };
    const { eventId, properties, at } = event;
    return { timedOut: false, contact, event: wait.event, eventId, properties, at };
  });
}
