// What becomes of a send, as the written order of reasons. The database decides by the same order in SQL; this is the
// reference it is tested against.
import type { EntryChannel } from './channel.js';
import type { Entry } from './fold.js';
import type { HoldReason } from './outcome.js';
import type { Purpose } from './scope.js';
import { senderKey } from './sender.js';

/** The first that holds decides. `ENTRY` blocks; those between it and `PERMITTED` hold the message for later. */
export const DECISION_ORDER = [
  'INVALID',
  'ENTRY',
  'HALT',
  'UNREAD_REPLY',
  'QUIET_HOURS',
  'FREQUENCY_CAP',
  'PERMITTED',
] as const;
export type DecisionStep = (typeof DECISION_ORDER)[number];

/** As much of a message as its decision needs. */
export interface SendScope {
  /** The account it is sent from, then its parent, and so on to the root. */
  readonly accounts: readonly string[];
  readonly channel: EntryChannel;
  readonly sender: string;
  readonly purpose: Purpose;
  readonly contact: string;
  /** Contact point of the exact domain of an e-mail address. */
  readonly domainContact?: string;
}

/** What holds for a message at the moment it is decided. */
export interface SendFacts {
  readonly isInvalid: boolean;
  readonly entries: readonly Entry[];
  readonly isHalted: boolean;
  readonly hasUnreadReply: boolean;
  readonly quietUntil?: Date;
  readonly isCapReached: boolean;
  /** What a reached cap does to the message. */
  readonly overCap: 'HOLD' | 'BLOCK';
}

export type Decision =
  | { readonly kind: 'invalid' }
  | { readonly kind: 'blocked'; readonly entry?: Entry }
  | { readonly kind: 'held'; readonly reason: HoldReason; readonly until?: Date }
  | { readonly kind: 'permitted' };

/** True if `entry` stops the message: account or ancestor, channel, sender, purpose, and the address or its domain. */
export function inScope(entry: Entry, send: SendScope): boolean {
  return (
    (entry.contact === send.contact || entry.contact === send.domainContact) &&
    send.accounts.includes(entry.accountKey) &&
    (entry.channel === undefined || entry.channel === send.channel) &&
    (entry.sender === undefined || senderKey(entry.sender) === senderKey(send.sender)) &&
    (entry.covers === 'ALL' || send.purpose === 'MARKETING')
  );
}

/** The decision over `facts`, in `DECISION_ORDER`. SERVICE passes unread replies, quiet hours and caps, no entry. */
export function decide(send: SendScope, facts: SendFacts): Decision {
  if (facts.isInvalid) return { kind: 'invalid' };
  const entry = decidingEntry(facts.entries, send);
  if (entry !== undefined) return { kind: 'blocked', entry };
  if (facts.isHalted) return { kind: 'held', reason: 'HALT' };
  if (send.purpose === 'SERVICE') return { kind: 'permitted' };
  if (facts.hasUnreadReply) return { kind: 'held', reason: 'UNREAD_REPLY' };
  if (facts.quietUntil !== undefined) return { kind: 'held', reason: 'QUIET_HOURS', until: facts.quietUntil };
  if (!facts.isCapReached) return { kind: 'permitted' };
  return facts.overCap === 'BLOCK' ? { kind: 'blocked' } : { kind: 'held', reason: 'FREQUENCY_CAP' };
}

/**
 * The entry that is named as the reason when several stop a message: the one that is hardest to lift, which is a
 * complaint, then an operator's, then the person's own reply; of equals the oldest.
 */
export function decidingEntry(entries: readonly Entry[], send: SendScope): Entry | undefined {
  const [first] = entries.filter((entry) => inScope(entry, send)).sort(byHardness);
  return first;
}

function byHardness(a: Entry, b: Entry): number {
  return (
    Number(b.complaint) - Number(a.complaint) ||
    Number(b.source === 'CUSTOM') - Number(a.source === 'CUSTOM') ||
    Number(b.source === 'MO') - Number(a.source === 'MO') ||
    Number(BigInt(a.id) - BigInt(b.id))
  );
}
