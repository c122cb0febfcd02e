// A small world to test the protocol in: a tree of accounts of its own, people, and streams of traffic to them.
import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import type { Destination } from '../../src/domain/destinations.js';
import type { Account } from '../../src/storage/accounts.js';
import type { OptOut } from '../../src/storage/opt-outs.js';
import type { InboundReply, Received } from '../../src/storage/inbox.js';
import { DISPATCH_WINDOW_MS, type ClaimRequest, type PermitRow } from '../../src/storage/permits.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import type { StreamSpec } from '../../src/storage/streams.js';

/** Any key will do, as long as one database sees one. */
export const TEST_HASH_KEY = Buffer.alloc(32, 7);

export interface Tree {
  readonly root: Account;
  /** Below the root. */
  readonly sub: Account;
  /** Below the root too: what is said at `sub` does not concern it. */
  readonly sibling: Account;
}

export type ClaimOptions = Partial<Omit<ClaimRequest, 'streamId' | 'messages'>> & { readonly ids?: readonly string[] };

export interface World {
  readonly storage: Storage;
  tree(): Promise<Tree>;
  phone(account: Account): Promise<string>;
  /** People with addresses at one domain of their own, and the domain's contact. */
  mailboxes(account: Account, count: number): Promise<{ readonly people: readonly string[]; readonly domain: string }>;
  stream(account: Account, spec?: Partial<StreamSpec>): Promise<number>;
  /** Claim one message for each contact; every call is a claimant of its own unless one is given. */
  claim(streamId: number, contactIds: readonly string[], options?: ClaimOptions): Promise<PermitRow[]>;
  /** An operator's opt-out of everything of an account, changed as told. */
  optOut(account: Account, contactId: string, changes?: Partial<OptOut>): Promise<void>;
  /** What a message has become, straight from its row. */
  state(permitId: string): Promise<string>;
  /** As `permits.fence`, with a window short enough to wait for its end. */
  fence(account: Account, permitIds: readonly string[], windowMs?: number): Promise<{ id: string; attempt: number }[]>;
  /** A reply of this person, through the inbox. */
  receive(contactId: string, changes?: Partial<InboundReply>): Promise<Received>;
  /** Read a person's unread replies as the drain does, as if they said nothing; the first `toReview` cannot be read. */
  readReplies(contactId: string, toReview?: number): Promise<void>;
  /** The clear text of a contact. */
  destination(contactId: string): Promise<string>;
}

export async function openWorld(databaseUrl: string, connections = 16): Promise<World> {
  const storage = await openStorage({ databaseUrl, hashKey: TEST_HASH_KEY, connections });
  const contact = async (account: Account, destination: Destination): Promise<string> =>
    only(await storage.contacts.resolve(account.rootId, [destination]));

  const query = async <Row extends object>(text: string, ...values: readonly unknown[]): Promise<Row[]> =>
    (await storage.db.query<Row & Record<string, unknown>>(text, values)).rows;

  return {
    storage,
    async tree() {
      const root = await storage.accounts.create(accountKey());
      const sub = await storage.accounts.create(accountKey(), root.key);
      const sibling = await storage.accounts.create(accountKey(), root.key);
      return { root, sub, sibling };
    },
    phone: (account) => contact(account, { kind: 'phone', value: `385${randomInt(1e10, 9e10)}` }),
    async mailboxes(account, count) {
      const value = `${randomUUID()}.example`;
      const people: string[] = [];
      for (let i = 0; i < count; i++) people.push(await contact(account, { kind: 'email', value: `p${i}@${value}` }));
      return { people, domain: await contact(account, { kind: 'domain', value }) };
    },
    stream: (account, spec = {}) =>
      storage.streams.id({ accountId: account.id, channel: 'SMS', sender: '10950', ...spec }),
    async claim(streamId, contactIds, { ids, ...options } = {}) {
      return storage.permits.claim({
        streamId,
        claimant: randomUUID(),
        mayRepeat: true,
        ...options,
        messages: contactIds.map((contactId, i) => ({ permitId: ids?.[i] ?? randomUUID(), contactId })),
      });
    },
    async optOut(account, contactId, changes = {}) {
      await storage.optOuts.optOut([
        {
          accountId: account.id,
          contactId,
          source: 'CUSTOM',
          receivedAt: new Date(),
          actor: 'operator:test',
          ...changes,
        },
      ]);
    },
    async state(permitId) {
      return only(await query<{ state: string }>('select state from sends where id = $1', permitId)).state;
    },
    fence: (account, permitIds, windowMs = DISPATCH_WINDOW_MS) =>
      query(
        'select id, attempt from blocklist_fence($1, $2, make_interval(secs => $3))',
        account.rootId,
        permitIds,
        windowMs / 1000,
      ),
    async receive(contactId, changes = {}) {
      const found = await query<{ from: string; kind: string }>(
        'select value as "from", kind from contact_points where id = $1',
        contactId,
      );
      const { from, kind } = only(found);
      const channel = kind === 'email' ? 'EMAIL' : 'SMS';
      const reply = { provider: 'test', messageId: randomUUID(), from, to: '10950', channel, text: 'hello' } as const;
      return storage.inbox.receive([{ ...reply, receivedAt: new Date(), ...changes }]);
    },
    async readReplies(contactId, toReview = 0) {
      await storage.db.transaction(async (tx) => {
        const unread = await tx.query<{ id: string }>(
          'select inbox_id as id from blocklist_read_replies($1::bigint[])',
          [[contactId]],
        );
        const ids = unread.rows.map(({ id }) => id);
        await tx.query(`update inbox set state = 'review' where id = any ($1::bigint[])`, [ids.slice(0, toReview)]);
        await tx.query(`update inbox set state = 'read' where id = any ($1::bigint[])`, [ids.slice(toReview)]);
        await tx.query('select blocklist_release($1::bigint[])', [[contactId]]);
      });
    },
    async destination(contactId) {
      return only(await query<{ value: string }>('select value from contact_points where id = $1', contactId)).value;
    },
  };
}

/** The only element; anything else is a broken test. */
export function only<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`expected one item, got ${items.length}`);
  return item;
}

const accountKey = (): string => randomBytes(16).toString('hex').toUpperCase();
