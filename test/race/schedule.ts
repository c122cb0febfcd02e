// What a schedule consists of: a few workers that run side by side, each a list of operations with pauses, over messages
// they share. Everything is small on purpose, so that operations meet in the middle.
import type { EntryChannel } from '../../src/domain/channel.js';
import type { Covers, Source } from '../../src/domain/scope.js';
import type { Crash } from './race-database.js';
import type { AccountName, Target } from './stage.js';

/** Messages that several workers may try to send: to one or two people of a stream. */
export interface Slot {
  readonly stream: number;
  readonly people: readonly Target[];
  /** False: the provider takes a repeated id as a second message. */
  readonly refusesDuplicates: boolean;
  /** Its claimant never comes back: the sweep has to end its messages. */
  readonly abandoned: boolean;
}

export type Answer = 'accepted' | 'refused' | 'rejected' | 'lost';

export interface SendStep {
  readonly kind: 'send';
  readonly slot: number;
  /** Two callers may use the same keys; only the first to come has the permits. */
  readonly claimant: 0 | 1;
  /** Tries only to dispatch what it was permitted before, if anything. */
  readonly takesOver: boolean;
  readonly beforeFence: number;
  readonly beforeCall: number;
  readonly call: number;
  /** One for each attempt within this step; after the last one the step ends. */
  readonly answers: readonly Answer[];
  readonly stop?: 'afterClaim' | 'afterFence' | 'afterCall';
  readonly crash?: { readonly at: 'claim' | 'fence' | 'settle'; readonly how: Crash };
}

export interface Scope {
  readonly account: AccountName;
  readonly channel?: EntryChannel;
  readonly sender?: string;
}

export interface OptOutStep extends Scope {
  readonly kind: 'optOut';
  readonly targets: readonly Target[];
  readonly source: Source;
  readonly covers: Covers;
  readonly complaint: boolean;
  readonly campaign?: 'first' | 'second';
  /** Seconds; few values, so that many operations claim the same time. */
  readonly receivedAt: number;
  readonly crash?: Crash;
}

export interface OptInStep extends Scope {
  readonly kind: 'optIn';
  readonly target: Target;
  readonly actor: 'PERSON' | 'FLOW' | 'OPERATOR' | 'OPERATOR_WITH_OVERRIDE';
  /** Of the record an operator names. */
  readonly source: Source;
  readonly receivedAt: number;
  readonly crash?: Crash;
}

export interface ReplyStep {
  readonly kind: 'reply';
  readonly person: Target;
  readonly sender: string;
  readonly text: 'STOP' | 'STOP HERE' | 'START' | 'hello' | 'unreadable';
  readonly receivedAt: number;
  /** Delivered twice, as networks do. */
  readonly twice: boolean;
}

export interface ReadStep {
  readonly kind: 'read';
  readonly crash?: Crash;
}

export interface HaltStep extends Scope {
  readonly kind: 'halt';
  readonly resumeAfter: number;
}

export type Step = { readonly delayMs: number } & (SendStep | OptOutStep | OptInStep | ReplyStep | ReadStep | HaltStep);

export interface Schedule {
  readonly slots: readonly Slot[];
  readonly workers: readonly (readonly Step[])[];
}
