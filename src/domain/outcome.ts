// What became of a message: always a value with a code, never an exception.
import type { OutcomeCode } from './codes.js';
import type { EntryChannel } from './channel.js';
import type { Covers, Source } from './scope.js';

/** Why a permit is not given yet. A hold is never a loss: it is decided again when its cause has gone. */
export type HoldReason = 'UNREAD_REPLY' | 'HALT' | 'QUIET_HOURS' | 'FREQUENCY_CAP';

/** Which entry stopped a message, so that a person can be told why. Holds no destination. */
export interface Explanation {
  readonly entryId: string;
  readonly source: Source;
  /** ISO time at which the entry was first added. */
  readonly since: string;
  readonly accountKey: string;
  readonly covers: Covers;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  /** The campaign that was active when the entry was first added: the one that cost the opt-out. */
  readonly campaign?: string;
  /** Present when the entry covers the whole e-mail domain. */
  readonly domain?: true;
}

/** Every outcome names its permit: it is the message's id at the provider and in every report. */
interface WithPermit {
  readonly permitId: string;
}

export type SendOutcome =
  | (WithPermit & { readonly outcome: 'sent'; readonly at: string; readonly code: OutcomeCode })
  | (WithPermit & { readonly outcome: 'blocked'; readonly code: OutcomeCode; readonly explanation?: Explanation })
  | (WithPermit & { readonly outcome: 'held'; readonly reason: HoldReason; readonly until?: string })
  | (WithPermit & { readonly outcome: 'duplicate'; readonly first: MessageState })
  | (WithPermit & {
      readonly outcome: 'rejected' | 'failed' | 'unknown' | 'expired';
      readonly code: OutcomeCode;
      readonly detail?: string;
    });

/** The states of a message; see the state chart in the README. */
export const MESSAGE_STATES = [
  'claimed',
  'held',
  'blocked',
  'revoked',
  'dispatching',
  'sent',
  'rejected',
  'failed',
  'unknown',
  'expired',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** States a message never leaves. */
export const FINAL_STATES: ReadonlySet<MessageState> = new Set([
  'blocked',
  'revoked',
  'sent',
  'rejected',
  'failed',
  'unknown',
  'expired',
]);
