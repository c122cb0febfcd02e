// What activities are given. Compositions (plugin, worker) construct it; activities never do.
import type { SendingChannel } from '../src/domain/channel.js';
import type { Provider } from '../src/providers/provider.js';
import type { Storage } from '../src/storage/storage.js';

export interface ActivityDeps {
  readonly storage: Storage;
  /** Providers hold the secrets; only hand-over calls them, and only with a permit. */
  readonly providerFor: (channel: SendingChannel) => Provider;
  /** Keys of opt-out links, and where they point. */
  readonly links: { readonly keys: readonly Buffer[]; readonly publicUrl: string };
  readonly temporal: TemporalAccess;
  /** Days after which the text of a reply that was read is erased. */
  readonly retentionDays: number;
  /** What operators watch; a composition without metrics leaves it out. */
  readonly metrics?: SendMetrics;
}

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
  /** A hint that a shard has something to read. */
  wake(shards: readonly number[]): Promise<void>;
}
