// How a message leaves. One interface; a provider must never be called without a permit (see activities/dispatch.ts).
import type { SendingChannel } from '../domain/channel.js';

/** One message to hand over. `permitId` is the message's id at the provider, the same on every attempt. */
export interface OutboundMessage {
  readonly permitId: string;
  /** E.164 digits without plus, or an e-mail address. */
  readonly to: string;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly text: string;
  readonly subject?: string;
  readonly campaignReferenceId?: string;
  /** Confirmations of an opt-out are told apart from all other traffic. */
  readonly kind: 'message' | 'confirmation';
}

export type ProviderAnswer =
  | { readonly kind: 'accepted'; readonly providerId?: string }
  /** The provider already holds this id: an earlier attempt arrived. */
  | { readonly kind: 'duplicate' }
  /** The provider will never take this message. */
  | { readonly kind: 'rejected'; readonly detail: string }
  /** Definitely not taken (429, connection refused): may be tried again. */
  | { readonly kind: 'refused'; readonly detail: string; readonly retryAfterMs?: number }
  /** Handed over, or perhaps so, and the answer was lost. */
  | { readonly kind: 'unknown'; readonly detail: string };

export interface Provider {
  readonly name: string;
  /** True when a repeated message id is refused, so that a retry after a lost answer is safe. */
  readonly refusesDuplicates: boolean;
  /** Most messages of one call. */
  readonly maxBatch: number;
  /**
   * Answers in the order of the messages. Never throws: what is not known is `unknown`. After `startBy` (by
   * `performance.now()`) nothing may be put on the wire any more, however long a connection was waited for: by then an
   * opt-out may have been acknowledged. What has not left by then is `refused`.
   */
  send(
    messages: readonly OutboundMessage[],
    options: { readonly timeoutMs: number; readonly startBy?: number },
  ): Promise<readonly ProviderAnswer[]>;
}
