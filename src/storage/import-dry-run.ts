// What an import would change, counted without writing anything.
import { entryKeyText } from '../domain/fold.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import { ownRows, type ImportRun, type ImportStores, type OwnedRow } from './import-run.js';

export function importDryRun({ db, accounts, contacts }: ImportStores, account: Account): ImportRun {
  // What this file has added or strengthened so far, by entry: the strongest wish seen.
  const seen = new Map<string, { readonly all: boolean; readonly complaint: boolean }>();
  return {
    async write(rows) {
      const { owned, rejected } = await ownRows(accounts, account, rows);
      const ids = await contacts.find(
        account.rootId,
        owned.map(({ row }) => row.destination),
      );
      const known = owned.flatMap(({ row, owner }, i) => (ids[i] === undefined ? [] : [{ row, owner, id: ids[i] }]));
      const listed = await db.query<{ n: number; covers: string; complaint: boolean }>(
        `select asked.n::integer as n, e.covers, e.complaint
         from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::text[])
           with ordinality as asked(contact, account, source, channel, sender_key, n)
         join blocklist_entries e
           on e.contact_id = asked.contact
           and e.account_id = asked.account
           and e.source = asked.source
           and coalesce(e.channel, '') = coalesce(asked.channel, '')
           and coalesce(e.sender_key, '') = coalesce(asked.sender_key, '')`,
        [
          known.map(({ id }) => id),
          known.map(({ owner }) => owner.id),
          known.map(({ row }) => row.source),
          known.map(({ row }) => row.channel ?? null),
          known.map(({ row }) => (row.sender === undefined ? null : senderKey(row.sender))),
        ],
      );
      for (const { n, covers, complaint } of listed.rows) {
        const key = keyOf(known[n - 1] as OwnedRow);
        if (!seen.has(key)) seen.set(key, { all: covers === 'ALL', complaint });
      }
      const counts = { added: 0, strengthened: 0, already: 0 };
      for (const item of owned) {
        const key = keyOf(item);
        const before = seen.get(key);
        const wish = { all: item.row.covers === 'ALL', complaint: item.row.complaint };
        const isStronger = before !== undefined && ((wish.all && !before.all) || (wish.complaint && !before.complaint));
        counts[before === undefined ? 'added' : isStronger ? 'strengthened' : 'already'] += 1;
        seen.set(key, {
          all: wish.all || before?.all === true,
          complaint: wish.complaint || before?.complaint === true,
        });
      }
      return { ...counts, rejected };
    },
    finish: async () => undefined,
  };
}

const keyOf = ({ row, owner }: OwnedRow): string =>
  entryKeyText({
    contact: `${row.destination.kind}:${row.destination.value}`,
    accountKey: owner.key,
    source: row.source,
    ...(row.channel === undefined ? {} : { channel: row.channel }),
    ...(row.sender === undefined ? {} : { sender: row.sender }),
  });
