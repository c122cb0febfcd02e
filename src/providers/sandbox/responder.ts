// Scripted people: when a message that a rule matches has been accepted, its receiver replies or presses the opt-out link.
// Who does what follows from seed, rule and destination alone, so a run can be repeated whatever the order of sending.
import type { OutboundMessage } from '../provider.js';
import { hashText } from './hash-chains.js';
import type { People } from './people.js';
import type { ScriptRule } from './requests.js';
import type { Timers } from './timers.js';

/** The path is all that is used: whatever a text says, the sandbox talks to its own gateway only. */
const OPT_OUT_LINK = /https?:\/\/[^\s"'<>]*?(\/u\/[A-Za-z0-9_-]+)/;
const MAX_WAITING = 100_000;
const HASH_RANGE = 4_294_967_296;

interface ActiveRule {
  readonly rule: ScriptRule;
  /** Sets rules apart, so two rules with the same share do not pick the same people. */
  readonly seed: number;
  hits: number;
}

export class Responder {
  readonly #people: People;
  readonly #timers: Timers;
  readonly #seed: number;
  #rules: ActiveRule[] = [];
  #added = 0;
  #dropped = 0;
  #scheduled = 0;

  constructor(people: People, timers: Timers, seed: number) {
    this.#people = people;
    this.#timers = timers;
    this.#seed = seed;
  }

  add(rules: readonly ScriptRule[]): void {
    for (const rule of rules) {
      this.#rules.push({ rule, seed: hashText(`rule ${this.#added++}`, this.#seed), hits: 0 });
    }
  }

  clear(): void {
    this.#rules = [];
  }

  list(): readonly (ScriptRule & { readonly hits: number })[] {
    return this.#rules.map(({ rule, hits }) => ({ ...rule, hits }));
  }

  /** Reactions not made because too many were waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Reactions still to come: their time has not come, or their first attempt is under way. */
  get scheduled(): number {
    return this.#scheduled;
  }

  /** The first rule that takes a message is the only one. */
  react(accepted: readonly OutboundMessage[]): void {
    if (this.#rules.length === 0) return;
    for (const message of accepted) {
      const active = this.#rules.find((candidate) => takes(candidate, message));
      if (active === undefined) continue;
      if (this.#timers.size >= MAX_WAITING) {
        this.#dropped++;
        continue;
      }
      active.hits++;
      const { rule } = active;
      const delayMs = rule.afterMs + (draw(active, message, 'when') / HASH_RANGE) * rule.spreadMs;
      const act = reactionOf(active, message, this.#people);
      if (act === undefined) continue;
      this.#scheduled++;
      this.#timers.after(delayMs, () => void act().finally(() => this.#scheduled--));
    }
  }
}

function takes(active: ActiveRule, message: OutboundMessage): boolean {
  const { match, share, count } = active.rule;
  return (
    (count === undefined || active.hits < count) &&
    message.kind === match.kind &&
    (match.to === undefined || match.to === message.to) &&
    (match.channel === undefined || match.channel === message.channel) &&
    (match.sender === undefined || match.sender === message.sender) &&
    (match.campaignReferenceId === undefined || match.campaignReferenceId === message.campaignReferenceId) &&
    (match.textIncludes === undefined || message.text.includes(match.textIncludes)) &&
    draw(active, message, 'whether') < share * HASH_RANGE
  );
}

/** Keeps only what the reaction needs, not the message: many may be waiting. */
function reactionOf(
  active: ActiveRule,
  message: OutboundMessage,
  people: People,
): (() => Promise<unknown>) | undefined {
  const { rule } = active;
  const parties = { from: message.to, to: message.sender, channel: message.channel };
  if (rule.reply !== undefined) {
    const words = typeof rule.reply === 'string' ? [rule.reply] : rule.reply;
    const text = words[draw(active, message, 'what') % words.length] ?? '';
    const inReplyTo = rule.paired ? { inReplyTo: message.permitId } : {};
    return () => people.reply([{ ...parties, text, ...inReplyTo }], true);
  }
  const path = OPT_OUT_LINK.exec(message.text)?.[1];
  if (path === undefined) return undefined;
  const press = { ...parties, path, oneClick: rule.optOutLink === 'oneClick', messageId: message.permitId };
  return () => people.pressLink(press);
}

function draw(active: ActiveRule, message: OutboundMessage, what: string): number {
  return hashText(`${what} ${message.to}`, active.seed);
}
