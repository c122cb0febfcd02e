// What activities are given. Compositions (plugin, worker) construct it; activities never do.
import type { SendingChannel } from '../src/domain/channel.js';
import type { Provider } from '../src/providers/provider.js';
import type { Webhooks } from '../src/providers/webhook.js';
import type { Storage } from '../src/storage/storage.js';

export interface ActivityDeps {
  readonly storage: Storage;
  /** Providers hold the secrets; only hand-over calls them, and only with a permit. */
  readonly providerFor: (channel: SendingChannel) => Provider;
  /** Keys of opt-out links, and where they point. */
  readonly links: { readonly keys: readonly Buffer[]; readonly publicUrl: string };
  readonly temporal: TemporalAccess;
  /** Posts to the addresses of keywords and subscriptions. */
  readonly webhooks: Webhooks;
  readonly retries: WebhookRetries;
  /** Days after which the text of a reply that was read is erased. */
  readonly retentionDays: number;
  /** What operators watch; a composition without metrics leaves it out. */
  readonly metrics?: SendMetrics;
}

/** How long is waited between posts that fail. */
export interface WebhookRetries {
  /** The minute of the retries of forwarded replies. */
  readonly minuteMs: number;
  /** Of events: the first wait, doubled up to the longest. */
  readonly firstMs: number;
  readonly mostMs: number;
}

export const WEBHOOK_RETRIES: WebhookRetries = { minuteMs: 60_000, firstMs: 1_000, mostMs: 600_000 };

/** The figures that activities report. See src/metrics.ts, which fits it. */
export interface SendMetrics {
  /** From the arrival of a reply or an opt-out to its acknowledgement. */
  observeSilence(via: 'reply' | 'link' | 'api' | 'flow', seconds: number): void;
  /** `code` is the error id of the outcome, 0 where there is none. */
  countSend(channel: string, outcome: string, code: number, count?: number): void;
  countUnknown(count?: number): void;
  observeClaim(seconds: number): void;
}

/** The little that activities ask of Temporal: told apart so that they need no client of their own. */
export interface TemporalAccess {
  /** False when no such workflow is running any more. */
  signal(workflowId: string, signal: string, arg: unknown): Promise<boolean>;
  /** Start the confirmation of a ledger event; a second start for the same event does nothing. */
  startConfirmation(eventId: string): Promise<void>;
  /** Start the automatic answer to a reply; a second start for the same reply does nothing. */
  startAutoReply(inboxId: string): Promise<void>;
  /** Start forwarding a reply; a second start for the same reply does nothing. */
  startForwarding(inboxId: string): Promise<void>;
  /** Start the delivery of a subscription's events, or tell it that there are some. */
  wakeSubscription(subscription: { readonly id: number; readonly accountKey: string }): Promise<void>;
  /** A hint that a shard has something to read. */
  wake(shards: readonly number[]): Promise<void>;
}
