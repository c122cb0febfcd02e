// The contract between the steps (workflow code, any worker) and the activities on the shared workers.
// Wire format: add optional fields, never rename or reuse one.
import type { SendingChannel } from './channel.js';
import type { Contact } from './contact.js';
import type { Explanation, HoldReason, SendOutcome } from './outcome.js';
import type { Level, Purpose } from './scope.js';

/** Which flow asks: replies to its messages and opt-outs of its contacts are signalled to this workflow id. */
export interface FlowIdentity {
  readonly workflowId: string;
  /** First run of the chain: with `continuedFromRunId` and `ordinal` it makes the send key. */
  readonly firstRunId: string;
  readonly continuedFromRunId?: string;
}

export interface QuietHours {
  /** `HH:MM`, local to `timeZone`; nothing is sent from `from` until `to`. */
  readonly from: string;
  readonly to: string;
  /** IANA name. */
  readonly timeZone: string;
}

export interface FrequencyCap {
  readonly messages: number;
  readonly perSeconds: number;
  /** What happens to a message over the cap: wait (default) or end as blocked. */
  readonly over?: 'hold' | 'block';
}

/** What to send, apart from its text. */
export interface CheckInput {
  readonly flow: FlowIdentity;
  /** Ordinal of the send step in this run, or the caller's own key. */
  readonly step: string;
  readonly to: Contact;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly accountKey?: string;
  readonly campaign?: string;
  readonly purpose?: Purpose;
  readonly validForSeconds?: number;
  readonly quietHours?: QuietHours;
  readonly frequencyCap?: FrequencyCap;
}

/** `permitted` goes on to dispatch; anything else is an outcome. */
export type CheckResult = { readonly outcome: 'permitted'; readonly permitId: string } | SendOutcome;

export interface DispatchInput {
  readonly permitId: string;
  readonly text: string;
  readonly subject?: string;
  readonly quietHours?: QuietHours;
}

/** `undecided`: not handed over, and the check has to be asked again. */
export type DispatchResult = SendOutcome | { readonly outcome: 'undecided'; readonly permitId: string };

export interface FindInput {
  readonly contacts: readonly Contact[];
  readonly channel: SendingChannel;
  readonly sender?: string;
  readonly accountKey?: string;
  readonly purpose?: Purpose;
}

export interface FindResult {
  /** In the order of the contacts asked for. */
  readonly results: readonly (
    | { readonly contactId: string; readonly blocked: false; readonly held?: HoldReason }
    | { readonly contactId: string; readonly blocked: true; readonly explanation: Explanation }
  )[];
}

export interface RegisterFlowInput {
  readonly flow: FlowIdentity;
  readonly contact: Contact;
  readonly accountKey?: string;
}

/** What a flow knows about why somebody leaves or returns; kept as evidence in the ledger. */
export interface FlowEvidence {
  readonly rule?: string;
  readonly event?: string;
  readonly eventId?: string;
  /** The message it is about: ties the opt-out to a send, sender, channel and campaign. */
  readonly becausePermitId?: string;
  /** The reply that proves the person's own wish (opt-in). */
  readonly becauseInboxId?: string;
}

export interface FlowOptInput {
  readonly flow: FlowIdentity;
  readonly contact: Contact;
  readonly level: Level;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly accountKey?: string;
  readonly campaign?: string;
  readonly evidence: FlowEvidence;
}

export interface OptResult {
  /** Ledger events written. */
  readonly eventIds: readonly string[];
  readonly effect: 'added' | 'strengthened' | 'already' | 'removed' | 'nothing';
}

/** Activities a step may schedule; all run on the task queue `blocklist`. */
export interface StepActivities {
  blocklistCheck(input: CheckInput): Promise<CheckResult>;
  blocklistDispatch(input: DispatchInput): Promise<DispatchResult>;
  blocklistFind(input: FindInput): Promise<FindResult>;
  blocklistRegisterFlow(input: RegisterFlowInput): Promise<void>;
  blocklistOptOut(input: FlowOptInput): Promise<OptResult>;
  blocklistOptIn(input: FlowOptInput): Promise<OptResult>;
}

/** Signals a flow receives from the shared workers. */
export interface OptOutSignal {
  readonly contactId: string;
  readonly eventId: string;
  readonly source: string;
  readonly campaign?: string;
  readonly at: string;
}

export interface ReplySignal {
  readonly contactId: string;
  /** The message it answers, where that is known. */
  readonly permitId?: string;
  readonly inboxId: string;
  readonly text: string;
  /** First word, upper-cased. */
  readonly keyword: string;
  readonly receivedAt: string;
}

export interface EventSignal {
  readonly contactId: string;
  readonly event: string;
  readonly eventId: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly at: string;
}

export interface ReleasedSignal {
  readonly permitId: string;
}

/** What BlocklistClient can ask of the shared workers (workflow type `blocklistRequest`). */
export type ClientRequest =
  | {
      readonly kind: 'contact';
      readonly destination: string;
      readonly defaultCountry?: string;
      readonly accountKey?: string;
    }
  | { readonly kind: 'find'; readonly input: FindInput }
  | { readonly kind: 'event'; readonly event: ContactEvent }
  | {
      readonly kind: 'optOut' | 'optIn';
      readonly contact: Contact;
      readonly level: Level;
      readonly channel?: SendingChannel;
      readonly sender?: string;
      readonly accountKey?: string;
      readonly campaign?: string;
      readonly actor: string;
      readonly reason?: string;
    };

/** A product event of one person. `id` makes it idempotent. */
export interface ContactEvent {
  readonly id: string;
  readonly contact: Contact;
  readonly event: string;
  readonly properties: Readonly<Record<string, unknown>>;
  /** ISO. */
  readonly at: string;
}

/** An inbound event that a service inside Temporal hands to the `blocklistInbound` workflow. */
export type InboundEvent =
  | {
      readonly kind: 'reply';
      readonly provider: string;
      readonly messageId: string;
      readonly from: string;
      readonly to: string;
      readonly channel: SendingChannel;
      readonly text: string;
      readonly receivedAt: string;
      readonly inReplyTo?: string;
      readonly campaignReferenceId?: string;
    }
  | { readonly kind: 'optOutLink'; readonly token: string; readonly receivedAt: string };

export interface ReceiveResult {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly index: number; readonly reason: string }[];
}
