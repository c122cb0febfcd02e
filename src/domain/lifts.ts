// Who can take an entry off the list again: THE table, as data, and the only function that reads it.
import type { EntryChannel } from './channel.js';
import type { Entry, EntryKey } from './fold.js';
import type { Level, Source } from './scope.js';
import { senderKey } from './sender.js';

/** What an opt-in reaches: one person in one account, at a level. `FROM_SENDER` needs the channel and the sender. */
export interface OptInScope {
  readonly contact: string;
  readonly accountKey: string;
  /** Keys of the accounts below it: what stands there is narrower, so the opt-in reaches it too. */
  readonly subaccounts?: readonly string[];
  readonly level: Level;
  readonly channel?: EntryChannel;
  readonly sender?: string;
}

/** Who wants an entry gone. */
export type Actor =
  /** The person replied with an UNBLOCK keyword. */
  | ({ readonly kind: 'PERSON_KEYWORD' } & OptInScope)
  /** A flow's opt-in step; proof is a reply of the person to that flow. */
  | ({ readonly kind: 'FLOW_OPT_IN'; readonly hasProof: boolean } & OptInScope)
  /** An operator names the record with every property it has; without a source, all sources match. */
  | {
      readonly kind: 'OPERATOR';
      readonly record: Omit<EntryKey, 'source'> & { readonly source?: Source };
      readonly overridesComplaint?: boolean;
    }
  /** The person takes back his own press of an opt-out link. */
  | { readonly kind: 'UNDO'; readonly contact: string; readonly pressEventId: string; readonly pressedAt: Date };

/** What an actor may lift at all. */
export interface Liftable {
  readonly sources: readonly Source[];
  readonly complaint: boolean;
  /** True: only the very record named. False: everything the level reaches. */
  readonly exact: boolean;
}

/** Why an entry stays. */
export type LiftRefusal =
  'OTHER_PERSON' | 'OTHER_ACCOUNT' | 'OTHER_RECORD' | 'SOURCE' | 'COMPLAINT' | 'WIDER_THAN_LEVEL' | 'NOT_LATER';

/**
 * The lift table. A person's word takes back what a person or a flow asked for, never what an operator decided; a flow
 * without the person's word takes back only what a flow did; nobody but an insisting operator touches a complaint.
 */
export const LIFT_TABLE = {
  PERSON_KEYWORD: { sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN'], complaint: false, exact: false },
  FLOW_OPT_IN_WITH_PROOF: { sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN'], complaint: false, exact: false },
  FLOW_OPT_IN_WITHOUT_PROOF: { sources: ['CAMPAIGN'], complaint: false, exact: false },
  OPERATOR: { sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM'], complaint: false, exact: true },
  OPERATOR_WITH_OVERRIDE: { sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM'], complaint: true, exact: true },
  UNDO: { sources: ['URL_OPT_OUT'], complaint: false, exact: true },
} as const satisfies Record<string, Liftable>;

/** The row of the table that holds for `actor`. */
export function liftableBy(actor: Actor): Liftable {
  switch (actor.kind) {
    case 'PERSON_KEYWORD':
      return LIFT_TABLE.PERSON_KEYWORD;
    case 'FLOW_OPT_IN':
      return actor.hasProof ? LIFT_TABLE.FLOW_OPT_IN_WITH_PROOF : LIFT_TABLE.FLOW_OPT_IN_WITHOUT_PROOF;
    case 'OPERATOR':
      return actor.overridesComplaint === true ? LIFT_TABLE.OPERATOR_WITH_OVERRIDE : LIFT_TABLE.OPERATOR;
    case 'UNDO':
      return LIFT_TABLE.UNDO;
  }
}

/** True if `actor`, whose wish was received `at`, takes `entry` off the list. */
export function lifts(actor: Actor, entry: Entry, at: Date): boolean {
  return liftRefusal(actor, entry, at) === undefined;
}

/** Why `actor` cannot lift `entry`, or undefined if he can. */
export function liftRefusal(actor: Actor, entry: Entry, at: Date): LiftRefusal | undefined {
  const liftable = liftableBy(actor);
  if (entry.contact !== (actor.kind === 'OPERATOR' ? actor.record.contact : actor.contact)) return 'OTHER_PERSON';
  if (!liftable.sources.includes(entry.source)) return 'SOURCE';
  if (entry.complaint && !liftable.complaint) return 'COMPLAINT';
  switch (actor.kind) {
    case 'OPERATOR':
      // What the person said after the operator's decision, he did not know of.
      return isSameRecord(actor.record, entry) ? laterThan(entry, at) : 'OTHER_RECORD';
    case 'UNDO':
      if (entry.id !== actor.pressEventId) return 'OTHER_RECORD';
      // Whoever pressed once more since then meant it.
      return entry.lastReceivedAt <= actor.pressedAt ? laterThan(entry, at) : 'NOT_LATER';
    case 'PERSON_KEYWORD':
    case 'FLOW_OPT_IN':
      return optInRefusal(actor, entry, at);
  }
}

function optInRefusal(scope: OptInScope, entry: Entry, at: Date): LiftRefusal | undefined {
  // A parent's "no" is wider than anything said at its subaccount.
  const isInAccount = entry.accountKey === scope.accountKey || scope.subaccounts?.includes(entry.accountKey) === true;
  if (!isInAccount) return 'OTHER_ACCOUNT';
  if (scope.level === 'FROM_SENDER') {
    const isNarrow = entry.channel !== undefined && entry.sender !== undefined && scope.sender !== undefined;
    const isReached =
      isNarrow && entry.channel === scope.channel && senderKey(entry.sender) === senderKey(scope.sender);
    if (!isReached) return 'WIDER_THAN_LEVEL';
  }
  return laterThan(entry, at);
}

/** A tie blocks. */
function laterThan(entry: Entry, at: Date): LiftRefusal | undefined {
  return at > entry.lastReceivedAt ? undefined : 'NOT_LATER';
}

function isSameRecord(record: Omit<EntryKey, 'source'> & { readonly source?: Source }, entry: Entry): boolean {
  return (
    record.accountKey === entry.accountKey &&
    record.channel === entry.channel &&
    (record.source === undefined || record.source === entry.source) &&
    keyOf(record.sender) === keyOf(entry.sender)
  );
}

const keyOf = (sender: string | undefined): string | undefined =>
  sender === undefined ? undefined : senderKey(sender);
