// Imports: rows of a file onto the list. A row can add an entry or make one stronger; nothing in a file makes the list
// weaker, so the same file may be imported again and again.
import type { Account } from './accounts.js';
import { importDryRun } from './import-dry-run.js';
import { ownRows, type ImportRun, type ImportStores, type OwnedRow } from './import-run.js';
import type { Streams } from './streams.js';

export interface Imports {
  start(account: Account, name: string, actor: string): Promise<ImportRun & { readonly id: string }>;
  /** Counts what `start` would write, and writes nothing. */
  dryRun(account: Account): ImportRun;
}

/** Rejects kept with the import; the caller has told about all of them. */
const KEPT_REJECTS = 1_000;

export function importStore(stores: ImportStores): Imports {
  const { db, contacts, streams, optOuts } = stores;
  return {
    async start(account, name, actor) {
      const started = await db.query<{ id: string }>(
        'insert into imports (account_id, name, actor) values ($1, $2, $3) returning id',
        [account.id, name, actor],
      );
      const { id } = started.rows[0] as { id: string };
      return {
        id,
        async write(rows) {
          const { owned, rejected } = await ownRows(stores.accounts, account, rows);
          const ids = await contacts.resolve(
            account.rootId,
            owned.map(({ row }) => row.destination),
          );
          const campaigns = await campaignIds(streams, owned);
          const written = await optOuts.optOut(
            owned.map(({ row, owner }, i) => ({
              accountId: owner.id,
              contactId: ids[i] as string,
              ...(row.channel === undefined ? {} : { channel: row.channel }),
              ...(row.sender === undefined ? {} : { sender: row.sender }),
              source: row.source,
              covers: row.covers,
              complaint: row.complaint,
              ...campaigns[i],
              receivedAt: row.since ?? new Date(),
              actor,
              evidence: { import: id, line: row.line },
              domain: row.destination.kind === 'domain',
            })),
          );
          const count = (effect: string): number => written.filter((w) => w.effect === effect).length;
          return { added: count('added'), strengthened: count('strengthened'), already: count('already'), rejected };
        },
        async finish(counts, rejects) {
          await db.query('update imports set counts = $2, finished_at = clock_timestamp() where id = $1', [
            id,
            JSON.stringify({ ...counts, rejects: rejects.slice(0, KEPT_REJECTS) }),
          ]);
        },
      };
    },
    dryRun: (account) => importDryRun(stores, account),
  };
}

async function campaignIds(streams: Streams, rows: readonly OwnedRow[]): Promise<{ readonly campaignId?: number }[]> {
  const ids: { readonly campaignId?: number }[] = [];
  // Remembered by the store: a round trip for each new reference, not for each row.
  for (const { row, owner } of rows) {
    ids.push(row.campaign === undefined ? {} : { campaignId: await streams.campaignId(owner.id, row.campaign) });
  }
  return ids;
}
