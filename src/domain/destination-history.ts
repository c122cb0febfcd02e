// Everything known about one destination, for the person who asks why: what stands on the list, how it came there, and
// what became of each message. Holds no destination itself.
import type { EntryChannel, SendingChannel } from './channel.js';
import type { OutcomeCode } from './codes.js';
import type { DestinationKind } from './destinations.js';
import type { Explanation, HoldReason, MessageState } from './outcome.js';
import type { Covers, Purpose, Source } from './scope.js';

export interface DestinationHistory {
  /** The account that asks: its own, its ancestors' and its subaccounts' records are shown. */
  readonly accountKey: string;
  readonly kind: DestinationKind;
  /** Absent: nothing was ever sent to, said by or listed for this destination. */
  readonly contactId?: string;
  /** Present when a past moment was asked for: entries are those of then, and nothing later is shown. */
  readonly at?: string;
  /** One sentence. */
  readonly summary: string;
  /** Those that hold, also of the e-mail domain of an address. */
  readonly entries: readonly HistoryEntry[];
  /** The ledger, oldest first. */
  readonly events: readonly HistoryEvent[];
  /** Oldest first; the newest ones if there are more than asked for. */
  readonly messages: readonly HistoryMessage[];
  readonly hasMoreMessages: boolean;
  readonly replies: readonly HistoryReply[];
}

interface InWords {
  /** What it means, for somebody who knows no codes. */
  readonly inWords: string;
}

export interface EntryFacts extends Explanation {
  readonly complaint: boolean;
  /** The latest wish to be left alone under this entry. */
  readonly lastReceivedAt: string;
}
export type HistoryEntry = EntryFacts & InWords;

export interface EventFacts {
  readonly eventId: string;
  readonly at: string;
  readonly receivedAt: string;
  readonly kind: 'BLOCK' | 'UNBLOCK';
  readonly effect: 'added' | 'strengthened' | 'already' | 'removed' | 'nothing';
  readonly accountKey: string;
  readonly source: Source;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly covers: Covers;
  readonly complaint: boolean;
  readonly campaign?: string;
  /** The entry it added, found or lifted. */
  readonly entryId?: string;
  /** The message it answers, and how sure that is. */
  readonly permitId?: string;
  readonly confidence?: 'exact' | 'campaign' | 'latest' | 'none';
  readonly actor: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Present when it is about the whole e-mail domain. */
  readonly domain?: true;
}
export type HistoryEvent = EventFacts & InWords;

export interface MessageFacts {
  readonly permitId: string;
  readonly accountKey: string;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly purpose: Purpose;
  readonly kind: 'message' | 'confirmation';
  readonly campaign?: string;
  readonly state: MessageState;
  readonly claimedAt: string;
  readonly validUntil: string;
  readonly attempts: number;
  readonly settledAt?: string;
  readonly holdReason?: HoldReason;
  readonly heldUntil?: string;
  readonly detail?: string;
  readonly delivery?: 'DELIVERED' | 'UNDELIVERABLE' | 'SEEN';
  readonly deliveryAt?: string;
  /** What stopped it, as it was when it did. */
  readonly blockedBy?: Explanation;
}
export type HistoryMessage = MessageFacts & InWords & { readonly code?: OutcomeCode };

export interface ReplyFacts {
  readonly inboxId: string;
  readonly receivedAt: string;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly text?: string;
  readonly state: 'unread' | 'read' | 'review';
  readonly action?: string;
  readonly keyword?: string;
  /** The message it was taken to answer. */
  readonly permitId?: string;
}
export type HistoryReply = ReplyFacts & InWords;
