// The live list: pages of it, all of it as a stream, and what stands about given people.
import type { EntryChannel } from '../domain/channel.js';
import type { DestinationKind } from '../domain/destinations.js';
import type { Covers, Source } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Database } from './database.js';
import { withoutNulls } from './without-nulls.js';

export interface ListedEntry {
  readonly id: string;
  readonly accountKey: string;
  readonly contactId: string;
  readonly kind: DestinationKind;
  /** Absent once the clear text was erased; the person stays listed. */
  readonly destination?: string;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source: Source;
  readonly covers: Covers;
  readonly complaint: boolean;
  /** Campaign of the first touch. */
  readonly campaign?: string;
  readonly addedAt: Date;
  readonly lastReceivedAt: Date;
}

/** What an absent field asks for is everything, not entries without it. */
export interface EntryFilter {
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source?: Source;
  readonly campaign?: string;
  readonly kind?: DestinationKind;
  readonly addedFrom?: Date;
  /** Exclusive. */
  readonly addedBefore?: Date;
}

export interface EntryPage {
  readonly entries: readonly ListedEntry[];
  /** Give it as `after` for what follows; absent at the end. */
  readonly next?: string;
}

export interface Entries {
  /** Entries of the account and those below it, oldest first. */
  list(
    account: Account,
    filter?: EntryFilter,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<EntryPage>;
  /** As `list`, page after page. An entry that lives during the whole run comes exactly once. */
  all(account: Account, filter?: EntryFilter): AsyncGenerator<readonly ListedEntry[]>;
  /** Entries of these contacts alone in exactly this account. */
  ofContacts(account: Account, contactIds: readonly string[]): Promise<readonly ListedEntry[]>;
}

const DEFAULT_LIMIT = 100;
const STREAM_PAGE = 5_000;

export function entryStore(db: Database): Entries {
  const list: Entries['list'] = async (account, filter = {}, { after = '0', limit = DEFAULT_LIMIT } = {}) => {
    // The first rows of each account in its own order (blocklist_entries_listing), then merged: an index scan whatever
    // the number of entries. `+ 0` is how that index is asked for.
    const found = await db.query(
      `select a.key as "accountKey", e.id, e."contactId", e.kind, e.destination, e.channel, e.sender, e.source, e.covers,
         e.complaint, e.campaign, e."addedAt", e."lastReceivedAt"
       from accounts a
       cross join lateral (
         select e.id, e.contact_id as "contactId", p.kind, p.value as destination, e.channel, e.sender, e.source,
           e.covers, e.complaint, c.reference as campaign, e.added_at as "addedAt",
           e.last_received_at as "lastReceivedAt"
         from blocklist_entries e
         join contact_points p on p.id = e.contact_id
         left join campaigns c on c.id = e.campaign_id
         where e.account_id + 0 = a.id
           and e.id > $2
           and ($4::text is null or e.channel = $4)
           and ($5::text is null or e.sender_key = $5)
           and ($6::text is null or e.source = $6)
           and ($7::text is null or c.reference = $7)
           and ($8::text is null or p.kind = $8)
           and ($9::timestamptz is null or e.added_at >= $9)
           and ($10::timestamptz is null or e.added_at < $10)
         order by e.id
         limit $3
       ) e
       where $1 = any (a.ancestors)
       order by e.id
       limit $3`,
      [
        account.id,
        after,
        limit + 1,
        filter.channel ?? null,
        filter.sender === undefined ? null : senderKey(filter.sender),
        filter.source ?? null,
        filter.campaign ?? null,
        filter.kind ?? null,
        filter.addedFrom ?? null,
        filter.addedBefore ?? null,
      ],
    );
    const entries = found.rows.slice(0, limit).map((row) => withoutNulls<ListedEntry>(row));
    const last = entries.at(-1);
    return { entries, ...(found.rows.length > limit && last !== undefined ? { next: last.id } : {}) };
  };

  return {
    list,
    async *all(account, filter) {
      for (let after: string | undefined = '0'; after !== undefined;) {
        const page: EntryPage = await list(account, filter, { after, limit: STREAM_PAGE });
        if (page.entries.length > 0) yield page.entries;
        after = page.next;
      }
    },
    async ofContacts(account, contactIds) {
      const found = await db.query(
        `select e.id, a.key as "accountKey", e.contact_id as "contactId", p.kind, p.value as destination,
           e.channel, e.sender, e.source, e.covers, e.complaint, c.reference as campaign,
           e.added_at as "addedAt", e.last_received_at as "lastReceivedAt"
         from blocklist_entries e
         join accounts a on a.id = e.account_id
         join contact_points p on p.id = e.contact_id
         left join campaigns c on c.id = e.campaign_id
         where e.contact_id = any ($2::bigint[])
           and e.account_id = $1
         order by e.id`,
        [account.id, contactIds],
      );
      return found.rows.map((row) => withoutNulls<ListedEntry>(row));
    },
  };
}
