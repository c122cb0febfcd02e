// What happened in one interleaving, as seen by the one process that plays all parts: the order of the list is the
// order of the process's own clock, so "before" and "after" need no comparison of times.
import type { EntryChannel } from '../../src/domain/channel.js';
import type { AccountName, Target } from './stage.js';

/** Ties a row of the database to the operation that wrote it. */
export type Tag = string;

export interface HaltScope {
  readonly account: AccountName;
  readonly channel?: EntryChannel;
  readonly sender?: string;
}

export type TraceEvent =
  | { readonly kind: 'fenced'; readonly permitId: string; readonly attempt: number; readonly claimant: string }
  /** A provider call starts. From here on nobody can take the message back. */
  | {
      readonly kind: 'call';
      readonly permitId: string;
      readonly attempt: number;
      /** The attempt's window, by the caller's clock. */
      readonly askedAt: number;
      readonly windowMs: number;
      readonly startedAt: number;
    }
  | { readonly kind: 'answered'; readonly permitId: string; readonly attempt: number; readonly taken: boolean }
  /** `wrote` is false where the row was no longer this attempt's own. */
  | { readonly kind: 'settling'; readonly permitId: string; readonly attempt: number; readonly refused: boolean }
  | { readonly kind: 'settled'; readonly permitId: string; readonly attempt: number; readonly state: string }
  /** The caller of an opt-out was answered. */
  | { readonly kind: 'optOutAcknowledged'; readonly tag: Tag }
  | { readonly kind: 'optInBegun'; readonly tag: Tag }
  | { readonly kind: 'replyAcknowledged'; readonly messageId: string }
  | { readonly kind: 'readingBegun'; readonly tag: Tag }
  | { readonly kind: 'haltAcknowledged'; readonly tag: Tag; readonly scope: HaltScope }
  | { readonly kind: 'resumeBegun'; readonly tag: Tag }
  | {
      readonly kind: 'claimed';
      readonly permitId: string;
      readonly claimant: string;
      readonly mine: boolean;
      readonly state: string;
    };

export interface Message {
  readonly permitId: string;
  readonly slot: number;
  readonly stream: number;
  readonly person: Target;
  /** False: at the provider of this message a repeated id is a second message. */
  readonly refusesDuplicates: boolean;
  /** Service messages may then come twice rather than not at all; marketing may not. */
  readonly mayRepeat: boolean;
}

export class Trace {
  readonly events: TraceEvent[] = [];
  /** Every message the schedule may send, by permit. */
  readonly messages = new Map<string, Message>();
  #tags = 0;

  constructor(readonly stage: number) {}

  add(event: TraceEvent): void {
    this.events.push(event);
  }

  nextTag(what: string): Tag {
    return `${what}-${(this.#tags += 1)}-of-${this.stage}`;
  }
}
