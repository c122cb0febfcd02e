// Faults on request: what a network does wrong, scripted, so that tests can see what the sender makes of it.
import type { OutboundMessage } from '../provider.js';
import type { FaultRule } from './requests.js';

type Mode = FaultRule['mode'];

/** What goes wrong before anything is accepted. */
export interface EarlyFault {
  readonly mode: 'rateLimit' | 'dropBeforeAccept';
  readonly delayMs: number | undefined;
}

/** What goes wrong after the messages are in the log. */
export interface LateFault {
  readonly mode: 'delay' | 'timeoutAfterAccept' | 'drop' | 'crash';
  readonly delayMs: number | undefined;
}

const EARLY: readonly Mode[] = ['rateLimit', 'dropBeforeAccept'];
/** Later ones end the answer altogether, so they win over a mere delay. */
const LATE: readonly Mode[] = ['crash', 'drop', 'timeoutAfterAccept', 'delay'];

interface ActiveRule {
  readonly rule: FaultRule;
  hits: number;
}

export class Faults {
  #rules: ActiveRule[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  add(rules: readonly FaultRule[]): void {
    this.#rules.push(...rules.map((rule) => ({ rule, hits: 0 })));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The rules in force with the number of times each has struck. */
  list(): readonly (FaultRule & { readonly hits: number })[] {
    return this.#rules.map(({ rule, hits }) => ({ ...rule, hits }));
  }

  early(messages: readonly OutboundMessage[]): EarlyFault | undefined {
    const hit = this.#strike(EARLY, messages);
    return hit && { mode: hit.mode as EarlyFault['mode'], delayMs: hit.delayMs };
  }

  late(messages: readonly OutboundMessage[]): LateFault | undefined {
    const hit = this.#strike(LATE, messages);
    return hit && { mode: hit.mode as LateFault['mode'], delayMs: hit.delayMs };
  }

  rejects(message: OutboundMessage): boolean {
    return this.#rules.length > 0 && this.#strike(['reject'], [message]) !== undefined;
  }

  #strike(modes: readonly Mode[], messages: readonly OutboundMessage[]): FaultRule | undefined {
    if (this.#rules.length === 0) return undefined;
    for (const mode of modes) {
      for (const active of this.#rules) {
        const { rule } = active;
        if (rule.mode !== mode || !messages.some((message) => isInScope(rule, message))) continue;
        if (rule.share !== undefined && this.#random() >= rule.share) continue;
        active.hits++;
        if (active.hits === rule.count) this.#rules = this.#rules.filter((other) => other !== active);
        return rule;
      }
    }
    return undefined;
  }
}

function isInScope(rule: FaultRule, message: OutboundMessage): boolean {
  return (
    (rule.to === undefined || rule.to === message.to) &&
    (rule.channel === undefined || rule.channel === message.channel)
  );
}

/** Mulberry32: small, and the same numbers for the same seed everywhere. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
