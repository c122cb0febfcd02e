// The promise as the outside sees it: when provider calls started, against what had been acknowledged by then.
import { inScope } from '../../src/domain/decision.js';
import { senderKey } from '../../src/domain/sender.js';
import { entryOf, liftOf, scopeOf, type Breach, type Property } from './model.js';
import type { Played } from './play.js';
import type { Records } from './records.js';
import { at, STREAMS } from './stage.js';
import type { HaltScope, Message, TraceEvent } from './trace.js';

type Call = Extract<TraceEvent, { kind: 'call' }>;

interface Started {
  readonly index: number;
  readonly call: Call;
  readonly message: Message;
}

export function checkTrace(played: Played, records: Records): Breach[] {
  const started = played.trace.events.flatMap((call, index): Started[] => {
    const message = call.kind === 'call' ? played.trace.messages.get(call.permitId) : undefined;
    return call.kind === 'call' && message !== undefined ? [{ index, call, message }] : [];
  });
  return [
    ...checkSilence(played, records, started),
    ...checkUnreadReplies(played, records, started),
    ...checkHalts(played, started),
    ...[...played.trace.messages.values()].flatMap((message) => checkOnce(played, message)),
  ];
}

/** An opt-out's silence begins with its acknowledgement and ends when somebody sets out to lift its entry. */
function checkSilence({ stage, trace }: Played, { events }: Records, started: readonly Started[]): Breach[] {
  const breaches: Breach[] = [];
  trace.events.forEach((event, acknowledged) => {
    if (event.kind !== 'optOutAcknowledged') return;
    for (const written of events.filter((row) => row.tag === event.tag && row.kind === 'BLOCK')) {
      const entry = entryOf(written);
      const tag = liftOf(events, written)?.tag;
      const end = tag === undefined ? Infinity : trace.events.findIndex((e) => begins(e) && e.tag === tag);
      for (const { index, call, message } of started) {
        if (index > acknowledged && index < end && inScope(entry, scopeOf(stage, message.stream, message.person))) {
          breaches.push(breach('silence', call, `after opt-out ${event.tag} was acknowledged`));
        }
      }
    }
  });
  return breaches;
}

/** Reading replies may lift an entry as well as an opt-in. */
const begins = (event: TraceEvent): event is Extract<TraceEvent, { kind: 'optInBegun' | 'readingBegun' }> =>
  event.kind === 'optInBegun' || event.kind === 'readingBegun';

function checkUnreadReplies(
  { stage, trace }: Played,
  { replies, log }: Records,
  started: readonly Started[],
): Breach[] {
  const breaches: Breach[] = [];
  trace.events.forEach((event, acknowledged) => {
    if (event.kind !== 'replyAcknowledged') return;
    const reply = replies.find((row) => row.messageId === event.messageId);
    if (reply === undefined) {
      breaches.push({ property: 'unread reply', what: `acknowledged reply ${event.messageId} is not stored` });
      return;
    }
    const reading = log.find((row) => row.what === 'reply' && row.eventId === reply.id && row.to === 'read')?.op;
    const read = trace.events.findIndex((e) => e.kind === 'readingBegun' && e.tag === reading);
    const end = reply.state === 'read' ? read : Infinity;
    for (const { index, call, message } of started) {
      const isMarketing = at(STREAMS, message.stream).purpose === 'MARKETING';
      const isTheirs = stage.contacts[message.person].id === reply.contactId;
      if (isMarketing && isTheirs && index > acknowledged && index < end) {
        breaches.push(breach('unread reply', call, `while acknowledged reply ${event.messageId} was unread`));
      }
    }
  });
  return breaches;
}

function checkHalts({ trace }: Played, started: readonly Started[]): Breach[] {
  const breaches: Breach[] = [];
  trace.events.forEach((event, acknowledged) => {
    if (event.kind !== 'haltAcknowledged') return;
    const resumed = trace.events.findIndex((e) => e.kind === 'resumeBegun' && e.tag === event.tag);
    for (const { index, call, message } of started) {
      if (index > acknowledged && (resumed < 0 || index < resumed) && isHalted(event.scope, message)) {
        breaches.push(breach('halt', call, `during halt ${event.tag}`));
      }
    }
  });
  return breaches;
}

function isHalted(scope: HaltScope, message: Message): boolean {
  const stream = at(STREAMS, message.stream);
  return (
    (scope.account === 'root' || scope.account === stream.account) &&
    (scope.channel === undefined || scope.channel === stream.channel) &&
    (scope.sender === undefined || senderKey(scope.sender) === senderKey(stream.sender))
  );
}

/**
 * A call may follow another of the same message only if that one was not taken, or, where the provider knows repeated
 * ids or the message may come twice, once its window has passed. An attempt that is no longer the row's own writes nothing.
 */
function checkOnce({ trace, provider }: Played, { permitId, mayRepeat }: Message): Breach[] {
  const breaches: Breach[] = [];
  const fault = (what: string): void => void breaches.push({ property: 'once', what: `message ${permitId}: ${what}` });
  const taken = provider.taken.get(permitId) ?? 0;
  if (taken > 1 && !mayRepeat) fault(`was taken ${taken} times`);
  const given = new Set<number>();
  const owners = new Set<string>();
  let open: Call | undefined;
  let isFinal = false;
  /** The latest attempt known when an attempt began to settle. */
  const latestAt = new Map<number, number>();
  for (const event of trace.events) {
    if (!('permitId' in event) || event.permitId !== permitId) continue;
    if (event.kind === 'claimed') {
      if (event.mine) owners.add(event.claimant);
      continue;
    }
    const { attempt } = event;
    switch (event.kind) {
      case 'fenced':
        if (given.has(attempt)) fault(`attempt ${attempt} was given twice`);
        given.add(attempt);
        break;
      case 'call':
        if (!given.has(attempt)) fault(`attempt ${attempt} was called without a fence`);
        if (isFinal) fault(`attempt ${attempt} was called after the end`);
        if (open !== undefined && (!mayRepeat || event.startedAt < open.askedAt + open.windowMs)) {
          fault(`attempt ${attempt} was called while attempt ${open.attempt} could still be on its way`);
        }
        open = event;
        break;
      case 'answered':
        if (!event.taken && open?.attempt === attempt) open = undefined;
        break;
      case 'settling':
        latestAt.set(attempt, Math.max(...given));
        break;
      case 'settled':
        if ((latestAt.get(attempt) ?? 0) > attempt) fault(`attempt ${attempt} settled what a later one holds`);
        if (open?.attempt === attempt) open = undefined;
        isFinal ||= event.state !== 'claimed' && event.state !== 'held';
    }
  }
  if (owners.size > 1) fault('was given to two claimants');
  return breaches;
}

const breach = (property: Property, call: Call, when: string): Breach => ({
  property,
  what: `call for message ${call.permitId} (attempt ${call.attempt}) started ${when}`,
});
