// What a send step sends, and whether it can be right. Everything the flow alone can tell; the shared workers know the rest.
import type { Duration } from '@temporalio/common';
import type { SendingChannel } from '../../src/domain/channel.js';
import type { Contact } from '../../src/domain/contact.js';
import type { Purpose } from '../../src/domain/scope.js';
import type { CheckInput, QuietHours } from '../../src/domain/step-activities.js';
import { InputCheck } from './input-check.js';

/** A message to one person. */
export interface Message {
  readonly to: Contact;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly text: string;
  /** E-mail and MMS only. */
  readonly subject?: string;
  /** The campaign this send, and an opt-out it causes, is counted under. */
  readonly campaign?: string;
  /** `SERVICE` is for one-time passwords and receipts; the default is `MARKETING`. */
  readonly purpose?: Purpose;
  /** Account key; the default account without it. */
  readonly account?: string;
  /** How long the message may wait for its permit; 24 hours without it. */
  readonly validity?: Duration;
  /** `wait` (default): until it is decided. `return`: give the outcome `held` back at once. */
  readonly onHold?: 'wait' | 'return';
  readonly quietHours?: QuietHours;
  /** At most so many messages to this person in that time, from this account; over it: wait (default) or be blocked. */
  readonly frequencyCap?: { readonly messages: number; readonly per: Duration; readonly over?: 'hold' | 'block' };
  /** Your own key of this send within this run; without it the step's ordinal is used. A repeated key sends nothing twice. */
  readonly key?: string;
}

const DAY_MS = 86_400_000;
const DEFAULT_VALIDITY_MS = DAY_MS;
const LONGEST_VALIDITY_MS = 30 * DAY_MS;
const LONGEST_CAP_MS = 366 * DAY_MS;
/** A payload may have 2 MB; a character takes up to three bytes, and encryption some more. */
const LONGEST_EMAIL = 500_000;
const LONGEST_TEXT = 10_000;
/** RFC 5322, 2.1.1. */
const LONGEST_SUBJECT = 998;
const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

export interface CheckedMessage {
  readonly check: Omit<CheckInput, 'flow' | 'step'>;
  readonly validityMs: number;
}

/** The message as the check takes it. Throws a failure that names every mistake and no value. */
export function checkMessage(message: Message): CheckedMessage {
  const input = new InputCheck('sendMessage', message);
  const { to, channel, sender, account, campaign, purpose, quietHours, frequencyCap } = message;
  input.contact(to, 'to');
  input.channel(channel, 'channel');
  input.text(sender, 'sender', 255);
  input.text(message.text, 'text', channel === 'EMAIL' ? LONGEST_EMAIL : LONGEST_TEXT);
  input.optionalText(message.subject, 'subject', LONGEST_SUBJECT);
  input.require(
    message.subject === undefined || channel === 'EMAIL' || channel === 'MMS',
    'subject',
    'only EMAIL and MMS messages have one',
  );
  input.optionalText(campaign, 'campaign', 255);
  input.oneOf(purpose, 'purpose', ['MARKETING', 'SERVICE']);
  input.account(account);
  input.oneOf(message.onHold, 'onHold', ['wait', 'return']);
  input.optionalText(message.key, 'key', 255);
  const validityMs = input.duration(message.validity ?? DEFAULT_VALIDITY_MS, 'validity', LONGEST_VALIDITY_MS);
  if (quietHours !== undefined) {
    input.require(TIME_OF_DAY.test(quietHours.from), 'quietHours.from', 'must be a time of day such as 21:00');
    input.require(TIME_OF_DAY.test(quietHours.to), 'quietHours.to', 'must be a time of day such as 08:00');
    input.text(quietHours.timeZone, 'quietHours.timeZone', 64);
  }
  const cap = frequencyCap === undefined ? undefined : checkCap(input, frequencyCap);
  input.done();
  return {
    validityMs,
    check: {
      to: { id: to.id },
      channel,
      sender,
      validForSeconds: Math.ceil(validityMs / 1000),
      ...(account === undefined ? {} : { accountKey: account }),
      ...(campaign === undefined ? {} : { campaign }),
      ...(purpose === undefined ? {} : { purpose }),
      ...(quietHours === undefined ? {} : { quietHours }),
      ...(cap === undefined ? {} : { frequencyCap: cap }),
    },
  };
}

function checkCap(
  input: InputCheck,
  cap: NonNullable<Message['frequencyCap']>,
): NonNullable<CheckInput['frequencyCap']> {
  const isCount = Number.isSafeInteger(cap.messages) && cap.messages >= 1 && cap.messages <= 100_000;
  input.require(isCount, 'frequencyCap.messages', 'must be a whole number from 1 to 100000');
  const perMs = input.duration(cap.per, 'frequencyCap.per', LONGEST_CAP_MS);
  input.oneOf(cap.over, 'frequencyCap.over', ['hold', 'block']);
  return {
    messages: cap.messages,
    perSeconds: Math.ceil(perMs / 1000),
    ...(cap.over === undefined ? {} : { over: cap.over }),
  };
}
