// What activities tell operators: how long a claim took, what became of messages, how long an opt-out took to hold.
import { asyncLocalStorage } from '@temporalio/activity';
import { blockedCode, CODES, type OutcomeCode } from '../src/domain/codes.js';
import type { MessageState, SendOutcome } from '../src/domain/outcome.js';
import type { SendMetrics } from './deps.js';

type Watched = SendMetrics | undefined;

/** Make a claim and note the time it took, also when it failed. */
export async function timedClaim<T>(metrics: Watched, claim: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await claim();
  } finally {
    metrics?.observeClaim((performance.now() - began) / 1000);
  }
}

/** Note how long opt-outs or replies took, from when Temporal was given them to their acknowledgement. */
export function acknowledged(metrics: Watched, via: Parameters<SendMetrics['observeSilence']>[0], began: number): void {
  metrics?.observeSilence(via, Math.max(Date.now() - began, 0) / 1000);
}

/** When the first attempt of this activity was asked for: waiting for a worker or for the storage counts as well. */
export function askedAt(): number {
  return asyncLocalStorage.getStore()?.info.scheduledTimestampMs ?? Date.now();
}

/** A hand-over was begun for these before, and whoever settled it has counted them. */
const SETTLED: ReadonlySet<string> = new Set(['sent', 'rejected', 'failed', 'unknown'] satisfies MessageState[]);

/** Count what a claim has decided; `sent` and the like are only repeated by it. Returns the outcome. */
export function countDecision<T extends SendOutcome | undefined>(metrics: Watched, channel: string, outcome: T): T {
  if (outcome !== undefined && (outcome.outcome === 'unknown' || !SETTLED.has(outcome.outcome))) {
    countOutcome(metrics, channel, outcome);
  }
  return outcome;
}

/** Count the end a hand-over came to, of a message that stood at `before`. Returns the outcome. */
export function countHandOver(
  metrics: Watched,
  channel: string,
  before: MessageState,
  outcome: SendOutcome,
): SendOutcome {
  if (!SETTLED.has(before)) countOutcome(metrics, channel, outcome);
  return outcome;
}

function countOutcome(metrics: Watched, channel: string, outcome: SendOutcome): void {
  if (outcome.outcome === 'held') return;
  count(metrics, channel, outcome.outcome, 'code' in outcome ? outcome.code : undefined, 1);
}

function count(
  metrics: Watched,
  channel: string,
  outcome: string,
  code: OutcomeCode | undefined,
  messages: number,
): void {
  metrics?.countSend(channel, outcome, code?.error.id ?? 0, messages);
  if (outcome === 'unknown') metrics?.countUnknown(messages);
}

/** Counts the messages of a page that come to their end, each once, beginning from how they stood when it was made. */
export class EndCounter {
  #counted: ReadonlyMap<MessageState, number>;

  constructor(
    private readonly metrics: Watched,
    private readonly channel: string,
    states: ReadonlyMap<string, MessageState>,
  ) {
    this.#counted = tally(states);
  }

  count(states: ReadonlyMap<string, MessageState>): void {
    const now = tally(states);
    for (const [state, messages] of now) {
      const end = endOf(this.channel, state);
      const more = messages - (this.#counted.get(state) ?? 0);
      if (end !== undefined && more > 0) count(this.metrics, this.channel, end.outcome, end.code, more);
    }
    this.#counted = now;
  }
}

function tally(states: ReadonlyMap<string, MessageState>): ReadonlyMap<MessageState, number> {
  const counts = new Map<MessageState, number>();
  for (const state of states.values()) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

/** Undefined for a message that is still on its way. */
function endOf(channel: string, state: MessageState): { outcome: string; code: OutcomeCode } | undefined {
  switch (state) {
    case 'claimed':
    case 'held':
    case 'dispatching':
      return undefined;
    case 'sent':
      return { outcome: state, code: CODES.accepted };
    case 'blocked':
    case 'revoked':
      return { outcome: 'blocked', code: blockedCode(channel) };
    case 'rejected':
    case 'failed':
    case 'unknown':
    case 'expired':
      return { outcome: state, code: CODES[state] };
  }
}
