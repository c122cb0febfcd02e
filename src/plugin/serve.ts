// The composition of the shared workers: storage, provider and Temporal become activities.
import type { Client } from '@temporalio/client';
import { createActivities, type Activities, type ActivityDeps } from '../../activities/index.js';
import { WEBHOOK_RETRIES, type WebhookRetries } from '../../activities/deps.js';
import { pumpOutbox } from '../../activities/outbox.js';
import type { Config } from '../config.js';
import { BlocklistError } from '../domain/errors.js';
import type { SendingChannel } from '../domain/channel.js';
import { prepareReading } from '../domain/replies/read-reply.js';
import type { Metrics } from '../metrics.js';
import type { Provider } from '../providers/provider.js';
import { createWebhooks } from '../providers/webhook.js';
import { createSandboxProvider } from '../providers/sandbox/sandbox-provider.js';
import { openStorage, type Storage } from '../storage/storage.js';
import { temporalAccess } from './temporal-access.js';

/** Connections for opt-outs, replies and single sends, and apart from them for pages: one never waits for the other. */
const SINGLE_CONNECTIONS = 20;
const BULK_CONNECTIONS = 6;

export interface OpenedActivities {
  /** For the task queue `blocklist`. */
  readonly single: Activities;
  /** For the task queue `blocklist-bulk`, on connections of its own. */
  readonly bulk: Activities;
  readonly storage: Storage;
  close(): Promise<void>;
}

export interface OpenActivitiesOptions {
  readonly client: Client;
  readonly metrics?: Metrics;
  /** Default: {@link WEBHOOK_RETRIES}. */
  readonly retries?: WebhookRetries;
  /** Faults that are tried again anyway; named, never quoted. */
  readonly report?: (what: string) => void;
}

/** @throws BlocklistError SCHEMA_MISMATCH, KEY_MISMATCH, STORAGE_UNAVAILABLE, CONFIGURATION */
export async function openActivities(config: Config, options: OpenActivitiesOptions): Promise<OpenedActivities> {
  const { databaseUrl, hashKey } = config;
  const provider = providerOf(config);
  prepareReading();
  const temporal = temporalAccess(options.client);
  const storage = await openStorage({
    databaseUrl,
    hashKey,
    connections: SINGLE_CONNECTIONS,
    applicationName: 'blocklist-single',
  });
  const bulkStorage = await openStorage({
    databaseUrl,
    hashKey,
    connections: BULK_CONNECTIONS,
    applicationName: 'blocklist-bulk',
  });
  const common = {
    providerFor: (_channel: SendingChannel): Provider => provider,
    links: { keys: config.linkKeys, publicUrl: config.publicUrl },
    temporal,
    webhooks: createWebhooks({ allowPrivate: config.privateWebhooks }),
    retries: options.retries ?? WEBHOOK_RETRIES,
    retentionDays: config.retentionDays,
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
  };
  const deps: ActivityDeps = { ...common, storage };
  const report = (error: unknown): void => options.report?.(`outbox: ${error instanceof Error ? error.name : 'Error'}`);
  const stopPump = pumpOutbox(deps, report);
  // A server that is away now is no reason not to start: the next worker's start, or this one's retry, does it.
  void retryUntil(temporal.ensureSweep, report);
  return {
    single: createActivities(deps),
    bulk: createActivities({ ...common, storage: bulkStorage }),
    storage,
    async close() {
      await stopPump();
      provider.close();
      await Promise.all([storage.close(), bulkStorage.close()]);
    },
  };
}

function providerOf(config: Config): Provider & { close(): void } {
  if (config.sandboxUrl === undefined) {
    throw new BlocklistError(
      'CONFIGURATION',
      'No provider is configured, so nothing could be sent. Set BLOCKLIST_SANDBOX_URL to the address of a sandbox.',
    );
  }
  return createSandboxProvider({ url: config.sandboxUrl });
}

async function retryUntil(work: () => Promise<void>, report: (error: unknown) => void): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      report(error);
      await new Promise<void>((resolve) => setTimeout(resolve, 1_000).unref());
    }
  }
}
