// The product's storage, a sandbox and the activities on a database of the test's own: real parts, no stand-ins.
import { createHash } from 'node:crypto';
import type { ActivityDeps } from '../../activities/deps.js';
import type { SendingChannel } from '../../src/domain/channel.js';
import { normaliseAtTheDoor } from '../../src/domain/destinations.js';
import { claimantFor, permitIdForKey } from '../../src/domain/permit-id.js';
import { DEFAULT_ACCOUNT_KEY } from '../../src/domain/scope.js';
import { createSandboxProvider } from '../../src/providers/sandbox/sandbox-provider.js';
import { createWebhooks } from '../../src/providers/webhook.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import type { PermitRow } from '../../src/storage/permits.js';
import { openTestSandbox, type TestSandbox } from '../../src/testing/test-sandbox.js';
import { createTestDatabase } from './servers.js';

export const HASH_KEY = createHash('sha256').update('a key for tests only').digest();
export const LINK_KEY = createHash('sha256').update('a link key for tests only').digest();

export interface Product {
  readonly databaseUrl: string;
  readonly storage: Storage;
  readonly sandbox: TestSandbox;
  readonly deps: ActivityDeps;
  /** Signals that the outbox delivered, by workflow id. */
  readonly signals: { readonly workflowId: string; readonly signal: string; readonly arg: unknown }[];
  readonly confirmations: string[];
  /** What else the outbox asked to be started: by inbox id. */
  readonly autoReplies: string[];
  readonly forwardings: string[];
  /** Subscriptions that were woken. */
  readonly woken: number[];
  contact(destination: string, channel?: SendingChannel): Promise<string>;
  claim(options: ClaimOptions): Promise<PermitRow>;
  reply(options: ReplyOptions): Promise<void>;
  close(): Promise<void>;
}

export interface ClaimOptions {
  readonly to: string;
  readonly key: string;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly campaign?: string;
  readonly purpose?: 'MARKETING' | 'SERVICE';
  readonly claimant?: string;
}

export interface ReplyOptions {
  readonly from: string;
  readonly text: string;
  readonly id?: string;
  readonly channel?: SendingChannel;
  readonly to?: string;
  readonly receivedAt?: Date;
  readonly inReplyTo?: string;
}

let replies = 0;

export async function openProduct(): Promise<Product> {
  const database = await createTestDatabase({ migrated: true });
  const sandbox = await openTestSandbox();
  const storage = await openStorage({ databaseUrl: database.url, hashKey: HASH_KEY });
  const provider = createSandboxProvider({ url: sandbox.url });
  const signals: Product['signals'] = [];
  const confirmations: string[] = [];
  const autoReplies: string[] = [];
  const forwardings: string[] = [];
  const woken: number[] = [];
  const deps: ActivityDeps = {
    storage,
    providerFor: () => provider,
    links: { keys: [LINK_KEY], publicUrl: 'http://127.0.0.1:1' },
    retentionDays: 90,
    temporal: {
      signal: async (workflowId, signal, arg) => {
        signals.push({ workflowId, signal, arg });
        return true;
      },
      startConfirmation: async (eventId) => void confirmations.push(eventId),
      startAutoReply: async (inboxId) => void autoReplies.push(inboxId),
      startForwarding: async (inboxId) => void forwardings.push(inboxId),
      wakeSubscription: async ({ id }) => void woken.push(id),
      wake: async () => undefined,
    },
    webhooks: createWebhooks({ allowPrivate: true, timeoutMs: 1_000 }),
    retries: { minuteMs: 5, firstMs: 5, mostMs: 50 },
  };
  const account = await storage.accounts.get();
  const contact = async (destination: string, channel: SendingChannel = 'SMS'): Promise<string> => {
    const read = normaliseAtTheDoor(destination, channel);
    if (!read.ok) throw new Error(read.reason);
    return (await storage.contacts.resolve(account.rootId, [read.destination]))[0]!;
  };
  return {
    databaseUrl: database.url,
    storage,
    sandbox,
    deps,
    signals,
    confirmations,
    autoReplies,
    forwardings,
    woken,
    contact,
    async claim({ to, key, channel = 'SMS', sender = '10950', claimant = key, ...stream }) {
      const streamId = await storage.streams.id({ accountId: account.id, channel, sender, ...stream });
      const [row] = await storage.permits.claim({
        streamId,
        claimant: claimantFor(claimant),
        mayRepeat: true,
        messages: [{ permitId: permitIdForKey(DEFAULT_ACCOUNT_KEY, key), contactId: await contact(to, channel) }],
      });
      return row!;
    },
    async reply({ from, text, id, channel = 'SMS', to = '10950', receivedAt = new Date(), inReplyTo }) {
      await storage.inbox.receive([
        {
          provider: 'sandbox',
          messageId: id ?? `reply-${(replies += 1)}`,
          from,
          to,
          channel,
          text,
          receivedAt,
          ...(inReplyTo === undefined ? {} : { inReplyTo }),
        },
      ]);
    },
    async close() {
      provider.close();
      await storage.close();
      await sandbox.close();
      await database.drop();
    },
  };
}
