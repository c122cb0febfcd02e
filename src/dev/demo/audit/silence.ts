// The silence after an opt-out, judged by the network's own log and clock. Pure. All times are ISO with microseconds, which
// sort as text.
import { senderKey } from '../../../domain/sender.js';
import type { LoggedMessage } from '../../../providers/sandbox/log-line.js';

/** Somebody asked not to be written to any more. */
export interface Refusal {
  readonly person: string;
  readonly at: string;
  /** From then on nothing may be handed over. */
  readonly acknowledgedAt: string;
  /** Absent: any. */
  readonly channel?: string;
  readonly senderKey?: string;
  /** False: only an operator can take it back. */
  readonly canReturn: boolean;
}

/** Somebody asked to be written to again. */
export interface Return {
  readonly person: string;
  readonly at: string;
}

/** Messages that were handed over although an acknowledged refusal stood against them. Confirmations are none. */
export function lateMessages(
  log: readonly LoggedMessage[],
  refusals: readonly Refusal[],
  returns: readonly Return[],
): LoggedMessage[] {
  const refusalsOf = byPerson(refusals);
  const returnsOf = byPerson(returns);
  return log.filter((message) => {
    if (message.kind === 'confirmation') return false;
    const returned = returnsOf.get(message.to) ?? [];
    return (refusalsOf.get(message.to) ?? []).some((refusal) => {
      if (refusal.acknowledgedAt >= message.acceptedAt || !isInScope(refusal, message)) return false;
      return !refusal.canReturn || !returned.some(({ at }) => at > refusal.at && at < message.acceptedAt);
    });
  });
}

export interface Delays {
  readonly p50: number;
  readonly p99: number;
}

/** From the wish to its acknowledgement, in milliseconds; undefined without any. */
export function delays(wishes: readonly Pick<Refusal, 'at' | 'acknowledgedAt'>[]): Delays | undefined {
  const sorted = wishes.map(({ at, acknowledgedAt }) => milliseconds(acknowledgedAt) - milliseconds(at));
  sorted.sort((a, b) => a - b);
  // Nearest rank: an observed value, never one in between.
  const quantile = (q: number): number => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
  return sorted.length === 0 ? undefined : { p50: quantile(0.5), p99: quantile(0.99) };
}

function isInScope(refusal: Refusal, message: LoggedMessage): boolean {
  return (
    (refusal.channel === undefined || refusal.channel === message.channel) &&
    (refusal.senderKey === undefined || refusal.senderKey === senderKey(message.sender))
  );
}

function byPerson<T extends { readonly person: string }>(items: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(item.person);
    if (group === undefined) groups.set(item.person, [item]);
    else group.push(item);
  }
  return groups;
}

/** Date knows milliseconds only; the rest is added by hand. */
function milliseconds(iso: string): number {
  return Date.parse(`${iso.slice(0, 23)}Z`) + Number(iso.slice(23, 26)) / 1_000;
}
