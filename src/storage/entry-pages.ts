// Numbered pages of the live list with their total, as the product's interface asks for them. Everything else reads on from
// the last entry (entries.ts), which stays fast however deep.
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Queryable } from './database.js';
import type { EntryFilter, ListedEntry } from './entries.js';
import { withoutNulls } from './without-nulls.js';

export interface NumberedPage {
  readonly entries: readonly ListedEntry[];
  readonly total: number;
}

export interface PageWish extends EntryFilter {
  /** Entries of this contact alone. */
  readonly contactId?: string;
  /** True: also entries of the accounts below. */
  readonly includeSubaccounts?: boolean;
  /** From 0. */
  readonly page: number;
  readonly size: number;
}

/** Oldest first. */
export async function entryPage(db: Queryable, account: Account, wish: PageWish): Promise<NumberedPage> {
  const values: unknown[] = [account.id];
  const conditions = [
    wish.includeSubaccounts === true
      ? 'e.account_id in (select a.id from accounts a where $1 = any (a.ancestors))'
      : 'e.account_id = $1',
  ];
  // A condition for each filter in use, so that each combination gets the plan that suits it.
  const filter = (condition: string, value: unknown): void => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition.replace('?', `$${values.length}`));
  };
  filter('e.contact_id = ?', wish.contactId);
  filter('e.channel = ?', wish.channel);
  filter('e.sender_key = ?', wish.sender === undefined ? undefined : senderKey(wish.sender));
  filter('e.source = ?', wish.source);
  filter('e.added_at >= ?', wish.addedFrom);
  filter('e.added_at < ?', wish.addedBefore);
  filter('e.campaign_id in (select c.id from campaigns c where c.reference = ?)', wish.campaign);
  const matching = `from blocklist_entries e where ${conditions.join(' and ')}`;

  const counted = await db.query<{ total: number }>(`select count(*)::float8 as total ${matching}`, values);
  const total = counted.rows[0]?.total ?? 0;
  const offset = wish.page * wish.size;
  if (offset >= total) return { entries: [], total };
  const found = await db.query(
    `select e.id, a.key as "accountKey", e.contact_id as "contactId", p.kind, p.value as destination, e.channel, e.sender,
       e.source, e.covers, e.complaint, c.reference as campaign, e.added_at as "addedAt",
       e.last_received_at as "lastReceivedAt"
     from (select e.* ${matching} order by e.id limit $${values.length + 1} offset $${values.length + 2}) e
     join accounts a on a.id = e.account_id
     join contact_points p on p.id = e.contact_id
     left join campaigns c on c.id = e.campaign_id
     order by e.id`,
    [...values, wish.size, offset],
  );
  return { entries: found.rows.map((row) => withoutNulls<ListedEntry>(row)), total };
}
