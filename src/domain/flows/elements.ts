// The elements a flow is made of, named as the product names them. `Id` is the union of the flow's element ids, so that
// a branch to an element that does not exist is a compile error. A branch that is left out ends the journey there.
import type { SendingChannel } from '../channel.js';
import type { Condition } from '../condition.js';
import type { DurationText } from '../duration.js';
import type { Covers, Level, Purpose } from '../scope.js';

/** What people and variables hold. */
export type Value = string | number | boolean;

/** A condition and where it leads; of several the first that holds is taken. */
export type Branch<Id extends string> = Condition & { readonly next: Id };
/** As {@link Branch}, and the person's tags can be asked for too. */
export type SegmentBranch<Id extends string> = Branch<Id> | { readonly tag: string; readonly next: Id };
/** Matched as keywords are: by the first words, whatever their case and punctuation. */
export type ReplyBranch<Id extends string> =
  { readonly keyword: string; readonly next: Id } | { readonly contains: string; readonly next: Id };

/** Checks the blocklist, then sends. `{{name}}` in the text stands for an attribute or a variable. */
export interface SendMessage<Id extends string> {
  readonly type: 'sendMessage';
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly text: string;
  /** E-mail and MMS only. */
  readonly subject?: string;
  /** Default `MARKETING`. */
  readonly purpose?: Purpose;
  /** How long the message may wait for its permit; default 24 hours. */
  readonly validity?: DurationText;
  readonly next: Id;
  /** The person must not be contacted. */
  readonly blocked?: Id;
  /** Rejected, failed, expired, or lost on the way. */
  readonly failed?: Id;
}

/** Waits for a reply to a message of this flow. An opt-out never gets here. */
export interface EvaluateInboundMessage<Id extends string> {
  readonly type: 'evaluateInboundMessage';
  /** A `sendMessage`. */
  readonly replyTo: Id;
  readonly timeout: DurationText;
  readonly when: readonly ReplyBranch<Id>[];
  readonly otherwise: Id;
  readonly timedOut: Id;
}

/** Waits for an event of the person. One that came since the element before acted counts. */
export interface WaitForEvent<Id extends string> {
  readonly type: 'waitForEvent';
  readonly event: string;
  readonly where?: Condition;
  readonly timeout: DurationText;
  readonly happened: Id;
  readonly timedOut: Id;
}

/** Branches on the properties of an event that happened. */
export interface EvaluateEvent<Id extends string> {
  readonly type: 'evaluateEvent';
  /** A `waitForEvent`. */
  readonly of: Id;
  readonly when: readonly Branch<Id>[];
  readonly otherwise: Id;
}

/** Branches on the person's attributes and tags. */
export interface SegmentAudience<Id extends string> {
  readonly type: 'segmentAudience';
  readonly when: readonly SegmentBranch<Id>[];
  readonly otherwise: Id;
}

/** Waits for a time, or until a moment. */
export type Pause<Id extends string> = { readonly type: 'pause'; readonly next: Id } & (
  { readonly for: DurationText; readonly until?: never } | { readonly until: string; readonly for?: never }
);

/** Splits people by chance, the same person always alike. Shares are per cent and add up to 100. */
export interface SplitAudience<Id extends string> {
  readonly type: 'splitAudience';
  readonly branches: readonly { readonly share: number; readonly next: Id }[];
}

/** Branches on whether a message arrived in time, usually to try another channel. */
export interface Failover<Id extends string> {
  readonly type: 'failover';
  /** A `sendMessage`. */
  readonly of: Id;
  readonly timeout: DurationText;
  readonly delivered: Id;
  readonly undelivered: Id;
}

/** Puts the person on the blocklist; rule, event, message and campaign become evidence in the ledger. */
export interface AddToDoNotContact<Id extends string> {
  readonly type: 'addToDoNotContact';
  /** Why, in a word. */
  readonly rule: string;
  readonly level: Level;
  /** The `sendMessage` it is about; `FROM_SENDER` means its channel and sender. */
  readonly because?: Id;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  /** Default `ALL`. */
  readonly covers?: Covers;
  readonly next: Id;
}

/** Takes the person off the blocklist; without a reply as proof only what a flow has put there. */
export interface RemoveFromDoNotContact<Id extends string> {
  readonly type: 'removeFromDoNotContact';
  readonly rule: string;
  readonly level: Level;
  /** The `evaluateInboundMessage` whose reply is the person's own wish. */
  readonly proof?: Id;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly next: Id;
}

/** Sets attributes of the person; null removes one. */
export interface UpdatePerson<Id extends string> {
  readonly type: 'updatePerson';
  readonly set: Readonly<Record<string, Value | null>>;
  readonly next: Id;
}

export interface AddTag<Id extends string> {
  readonly type: 'addTag';
  readonly tag: string;
  readonly next: Id;
}

export interface RemoveTag<Id extends string> {
  readonly type: 'removeTag';
  readonly tag: string;
  readonly next: Id;
}

export interface UpdateVariable<Id extends string> {
  readonly type: 'updateVariable';
  readonly variable: string;
  readonly value: Value;
  readonly next: Id;
}

/** Calls a service and keeps its JSON answer in a variable, if told to. */
export interface CallApi<Id extends string> {
  readonly type: 'callApi';
  readonly url: string;
  /** Default `POST`. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Default 10 seconds. */
  readonly timeout?: DurationText;
  readonly saveAs?: string;
  readonly next: Id;
  readonly failed?: Id;
}

/** Writes to colleagues, not to the person. */
export interface Notify<Id extends string> {
  readonly type: 'notify';
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly next: Id;
}

export interface Exit {
  readonly type: 'exit';
  readonly reason?: string;
}

export type FlowElement<Id extends string = string> =
  | SendMessage<Id>
  | EvaluateInboundMessage<Id>
  | WaitForEvent<Id>
  | EvaluateEvent<Id>
  | SegmentAudience<Id>
  | Pause<Id>
  | SplitAudience<Id>
  | Failover<Id>
  | AddToDoNotContact<Id>
  | RemoveFromDoNotContact<Id>
  | UpdatePerson<Id>
  | AddTag<Id>
  | RemoveTag<Id>
  | UpdateVariable<Id>
  | CallApi<Id>
  | Notify<Id>
  | Exit;

export type FlowElementType = FlowElement['type'];
