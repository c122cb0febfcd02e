// Replies in: stored with the person's permits held in one transaction, acknowledged behind the barrier.
import type { SendingChannel } from '../domain/channel.js';
import { normaliseAtTheDoor, type Destination } from '../domain/destinations.js';
import { senderKey } from '../domain/sender.js';
import { INBOUND_SHARDS } from '../domain/shard.js';
import type { ReceiveResult } from '../domain/step-activities.js';
import type { Accounts } from './accounts.js';
import type { ContactPoints } from './contact-points.js';
import type { Database } from './database.js';
import type { Permits } from './permits.js';
import { present } from '../domain/present.js';

/** Largest text kept of a reply; what is longer is cut, never refused. */
const MAX_TEXT = 20_000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export interface InboundReply {
  readonly provider: string;
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly channel: SendingChannel;
  readonly text: string;
  readonly receivedAt: Date;
  readonly inReplyTo?: string;
  readonly campaign?: string;
  /** Account of a reply to a sender that has never written to this person. Default: the root account. */
  readonly accountKey?: string;
}

export interface Received extends ReceiveResult {
  /** Indexes of the replies that were new, in no particular order. */
  readonly fresh: readonly number[];
  /** Shards that now have something to read. */
  readonly shards: readonly number[];
}

export interface Inbox {
  /** Resolves when the replies are stored and nothing new can go out to their senders until they were read. */
  receive(replies: readonly InboundReply[]): Promise<Received>;
}

interface Item {
  readonly n: number;
  readonly reply: InboundReply;
  readonly destination: Destination;
  readonly hash: Buffer;
}

export function inboxStore(db: Database, accounts: Accounts, contacts: ContactPoints, permits: Permits): Inbox {
  return {
    async receive(replies) {
      const rejected: { index: number; reason: string }[] = [];
      const items: Item[] = [];
      replies.forEach((reply, n) => {
        const read = normaliseAtTheDoor(reply.from, reply.channel);
        if (!read.ok) rejected.push({ index: n, reason: read.reason });
        else items.push({ n, reply, destination: read.destination, hash: contacts.hash(read.destination) });
      });
      if (items.length === 0) return { accepted: 0, duplicates: 0, rejected, fresh: [], shards: [] };

      const owners = await resolveOwners(db, accounts, contacts, items);
      const rows = items.map((item) => {
        const owner = present(owners.get(item.n), 'an owner');
        return {
          n: item.n,
          provider: item.reply.provider,
          messageId: item.reply.messageId,
          account: owner.accountId,
          contact: owner.contactId,
          shard: item.hash.readUInt8() % INBOUND_SHARDS,
          channel: item.reply.channel,
          sender: item.reply.to,
          senderKey: senderKey(item.reply.to),
          text: storable(item.reply.text),
          receivedAt: item.reply.receivedAt.toISOString(),
          inReplyTo: pairedId(item.reply.inReplyTo),
          campaign: item.reply.campaign ?? null,
        };
      });
      const stored = await db.query<{ n: number }>('select n from blocklist_receive($1)', [JSON.stringify(rows)]);
      // Repeated deliveries wait as well: the first one's acknowledgement may have been lost on the way.
      await permits.barrier([...new Set(rows.map((row) => row.contact))]);
      return {
        accepted: stored.rows.length,
        duplicates: rows.length - stored.rows.length,
        rejected,
        fresh: stored.rows.map((row) => row.n),
        shards: [...new Set(rows.map((row) => row.shard))],
      };
    },
  };
}

async function resolveOwners(
  db: Database,
  accounts: Accounts,
  contacts: ContactPoints,
  items: readonly Item[],
): Promise<Map<number, { accountId: number; contactId: string }>> {
  const asked = items.map((item) => ({
    n: item.n,
    hash: item.hash.toString('hex'),
    kind: item.destination.kind,
    channel: item.reply.channel,
    senderKey: senderKey(item.reply.to),
    inReplyTo: pairedId(item.reply.inReplyTo),
  }));
  const known = await db.query<{ n: number; accountId: number; contactId: string }>(
    'select n, account_id as "accountId", contact_id as "contactId" from blocklist_resolve_inbound($1)',
    [JSON.stringify(asked)],
  );
  const owners = new Map(known.rows.map((row) => [row.n, row]));
  const strangers = new Map<string | undefined, Item[]>();
  for (const item of items) {
    if (owners.has(item.n)) continue;
    const of = strangers.get(item.reply.accountKey) ?? [];
    of.push(item);
    strangers.set(item.reply.accountKey, of);
  }
  for (const [key, of] of strangers) {
    const account = await accounts.get(key);
    const ids = await contacts.resolve(
      account.rootId,
      of.map((item) => item.destination),
    );
    of.forEach((item, i) =>
      owners.set(item.n, { n: item.n, accountId: account.id, contactId: present(ids[i], 'a contact') }),
    );
  }
  return owners;
}

/** Postgres stores no NUL and no lone surrogate. */
function storable(text: string): string {
  return text.slice(0, MAX_TEXT).replaceAll('\u0000', '').toWellFormed();
}

const pairedId = (id: string | undefined): string | null => (id !== undefined && UUID.test(id) ? id : null);
