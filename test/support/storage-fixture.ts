// A database of its own for a test file, and messages that go through the real permits without a worker.
import { randomUUID } from 'node:crypto';
import type { SendingChannel } from '../../src/domain/channel.js';
import { normaliseForEntry, type Destination } from '../../src/domain/destinations.js';
import type { Account } from '../../src/storage/accounts.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import type { Settlement } from '../../src/storage/permits.js';
import { createTestDatabase } from './servers.js';

/** What readConfig makes of the BLOCKLIST_HASH_KEY of these tests is not needed: any 32 bytes will do. */
export const TEST_HASH_KEY = Buffer.alloc(32, 7);

export interface StorageFixture {
  readonly storage: Storage;
  readonly account: Account;
  readonly url: string;
  close(): Promise<void>;
}

export async function storageFixture(hashKey: Buffer = TEST_HASH_KEY): Promise<StorageFixture> {
  const database = await createTestDatabase({ migrated: true });
  const storage = await openStorage({ databaseUrl: database.url, hashKey, connections: 5 });
  return {
    storage,
    account: await storage.accounts.get(),
    url: database.url,
    close: async () => {
      await storage.close();
      await database.drop();
    },
  };
}

export function destination(text: string): Destination {
  const read = normaliseForEntry(text);
  if (!read.ok) throw new Error(`not a destination: ${read.reason}`);
  return read.destination;
}

export interface MessageSpec {
  readonly to: string;
  readonly account?: Account;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly campaign?: string;
  readonly purpose?: 'MARKETING' | 'SERVICE';
  readonly claimant?: string;
  readonly flowContactId?: string;
  readonly cap?: { readonly messages: number; readonly perSeconds: number; readonly over?: 'hold' | 'block' };
}

/** Claim a message; returns its permit and what was decided. */
export async function claim(storage: Storage, spec: MessageSpec) {
  const account = spec.account ?? (await storage.accounts.get());
  const to = destination(spec.to);
  const [contactId] = (await storage.contacts.resolve(account.rootId, [to])) as [string];
  const channel = spec.channel ?? (to.kind === 'email' ? 'EMAIL' : 'SMS');
  const streamId = await storage.streams.id({
    accountId: account.id,
    channel,
    sender: spec.sender ?? '10950',
    ...(spec.campaign === undefined ? {} : { campaign: spec.campaign }),
    ...(spec.purpose === undefined ? {} : { purpose: spec.purpose }),
  });
  const permitId = randomUUID();
  const claimant = spec.claimant ?? randomUUID();
  const request = {
    streamId,
    claimant,
    mayRepeat: true,
    messages: [{ permitId, contactId }],
    ...(spec.flowContactId === undefined ? {} : { flowContactId: spec.flowContactId }),
    ...(spec.cap === undefined ? {} : { cap: spec.cap }),
  };
  const [row] = await storage.permits.claim(request);
  if (row === undefined) throw new Error('a claim gave no answer');
  return { permitId, contactId, state: row.state, request };
}

/** Claim a message and, if it is permitted, let a provider that answers `state` have it. */
export async function send(storage: Storage, spec: MessageSpec, state: Settlement['state'] = 'sent') {
  const claimed = await claim(storage, spec);
  if (claimed.state !== 'claimed') return claimed;
  const account = spec.account ?? (await storage.accounts.get());
  const [fenced] = await storage.permits.fence(account.rootId, [claimed.permitId]);
  if (fenced === undefined) throw new Error('a claimed permit was not fenced');
  const [settled] = await storage.permits.settle([{ id: fenced.id, attempt: fenced.attempt, state }]);
  return { ...claimed, state: settled?.state ?? claimed.state };
}

/** Wait until `isDone` answers true. */
export async function eventually(isDone: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isDone())) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
