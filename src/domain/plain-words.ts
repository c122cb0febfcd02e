// Records in plain words: what an operator reads to a person who asks why. Pure; knows ids, never destinations.
import { CODES, blockedCode, type OutcomeCode } from './codes.js';
import type { EntryFacts, EventFacts, MessageFacts, ReplyFacts } from './destination-history.js';
import type { Explanation, HoldReason } from './outcome.js';
import type { Covers, Source } from './scope.js';

/** How somebody came onto the list. */
const CAUSES: Readonly<Record<Source, string>> = {
  MO: 'the person replied with an opt-out word',
  URL_OPT_OUT: 'the person used an opt-out link',
  CAMPAIGN: 'a flow evaluated an event as an opt-out',
  CUSTOM: 'an operator or an integration added it',
};

const HOLDS: Readonly<Record<HoldReason, string>> = {
  UNREAD_REPLY: 'a reply of this person has not been read yet',
  HALT: 'an operator has halted this account, channel or sender',
  QUIET_HOURS: 'it is the time of day at which nothing is sent',
  FREQUENCY_CAP: 'the person has had as many messages as the frequency cap allows',
};

export function summaryInWords(entries: readonly EntryFacts[], isKnown: boolean, at?: string): string {
  const then = at === undefined ? 'now' : `at ${time(at)}`;
  if (!isKnown) return 'Nothing was ever sent to, received from or listed for this destination.';
  if (entries.length === 0) return `Not on the list ${then}.`;
  return `On the list ${then}: ${entries.length === 1 ? 'one entry holds' : `${entries.length} entries hold`}.`;
}

export function entryInWords(entry: EntryFacts): string {
  return sentence(
    `No ${kindOf(entry.covers)} ${reach(entry)} since ${time(entry.since)}: ${causeOf(entry)}`,
    entry.complaint ? 'It is a complaint, which only an operator who insists can lift' : undefined,
  );
}

export function eventInWords(event: EventFacts): string {
  const who = event.actor === 'person' ? 'the person' : event.actor;
  const link =
    event.permitId === undefined ? undefined : `It answers message ${event.permitId} (${event.confidence ?? 'none'})`;
  switch (event.effect) {
    case 'added':
      return sentence(`Listed by ${who}: no ${kindOf(event.covers)} ${reach(event)}; ${causeOf(event)}`, link);
    case 'strengthened':
      return sentence(`Listed again by ${who}, more strictly: ${causeOf(event)}`, link);
    case 'already':
      return sentence(`Asked for again by ${who}; it was on the list already`, link);
    case 'removed':
      return sentence(`Entry ${event.entryId ?? '?'} lifted by ${who}`, link);
    case 'nothing':
      return sentence(`${capital(who)} asked to lift, but there was nothing this request may lift`, link);
  }
}

export function messageInWords(message: MessageFacts): string {
  const { state, blockedBy, detail } = message;
  const end = message.settledAt === undefined ? '' : ` at ${time(message.settledAt)}`;
  const because = blockedBy === undefined ? 'the frequency cap was reached' : blockInWords(blockedBy);
  switch (state) {
    case 'claimed':
      return sentence('Permitted, not handed over yet');
    case 'held':
      return sentence(
        `Waiting: ${message.holdReason === undefined ? 'decided later' : HOLDS[message.holdReason]}`,
        message.heldUntil === undefined ? undefined : `It is decided again at ${time(message.heldUntil)}`,
      );
    case 'blocked':
      return sentence(`Not sent: ${because}`);
    case 'revoked':
      return sentence(`Not sent: it was permitted, then taken back${end}, before it was handed over: ${because}`);
    case 'dispatching':
      return sentence('Being handed over to the provider');
    case 'sent':
      return sentence(`Sent${end}`, deliveryInWords(message));
    case 'rejected':
      return sentence(`The provider refused it${end}`, detail);
    case 'failed':
      return sentence(`It could not be handed over${end}`, detail);
    case 'unknown':
      return sentence(`Handed over, but the answer was lost${end}: it may have arrived, and is not sent again`, detail);
    case 'expired':
      return sentence(`Not sent: its validity ended at ${time(message.validUntil)} before it could be`);
  }
}

/** The code a caller was given, where the message has ended or is accepted. */
export function messageCode(message: MessageFacts): OutcomeCode | undefined {
  switch (message.state) {
    case 'claimed':
    case 'held':
    case 'dispatching':
      return undefined;
    case 'blocked':
    case 'revoked':
      return blockedCode(message.channel);
    case 'sent':
      return CODES.accepted;
    case 'rejected':
    case 'failed':
    case 'unknown':
    case 'expired':
      return CODES[message.state];
  }
}

export function replyInWords(reply: ReplyFacts): string {
  const about = reply.permitId === undefined ? undefined : `It answers message ${reply.permitId}`;
  if (reply.state === 'unread') return sentence('Not read yet: nothing new is sent to this person until it is', about);
  if (reply.state === 'review') {
    return sentence('Could not be read: nothing new is sent to this person until somebody has looked at it', about);
  }
  switch (reply.action) {
    case 'BLOCK':
      return sentence(`Read as an opt-out (${reply.keyword ?? ''})`, about);
    case 'UNBLOCK':
      return sentence(`Read as a wish to return (${reply.keyword ?? ''})`, about);
    case 'HELP':
      return sentence('Read as a question for help', about);
    default:
      return sentence('Read as ordinary talk', about);
  }
}

function blockInWords(entry: Explanation): string {
  const whose = entry.domain === true ? 'the e-mail domain' : 'the person';
  return `${whose} was on the list since ${time(entry.since)} (entry ${entry.entryId}: ${causeOf(entry)})`;
}

function deliveryInWords({ delivery, deliveryAt }: MessageFacts): string | undefined {
  if (delivery === undefined) return undefined;
  const what = { DELIVERED: 'Delivered', SEEN: 'Seen', UNDELIVERABLE: 'It could not be delivered' }[delivery];
  return deliveryAt === undefined ? what : `${what} at ${time(deliveryAt)}`;
}

const causeOf = (from: { readonly source: Source; readonly campaign?: string }): string =>
  `${CAUSES[from.source]}${from.campaign === undefined ? '' : ` during campaign ${from.campaign}`}`;

const kindOf = (covers: Covers): string => (covers === 'ALL' ? 'messages' : 'marketing messages');

function reach(scope: { readonly channel?: string; readonly sender?: string; readonly domain?: true }): string {
  const channel = scope.channel === undefined ? 'on any channel' : `on ${scope.channel}`;
  const sender = scope.sender === undefined ? 'from any sender' : `from sender ${scope.sender}`;
  return `${channel} ${sender}${scope.domain === true ? ' to the whole e-mail domain' : ''}`;
}

const time = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const sentence = (...parts: readonly (string | undefined)[]): string =>
  parts
    .filter((part) => part !== undefined && part !== '')
    .map((part) => `${capital(part as string)}.`)
    .join(' ');
