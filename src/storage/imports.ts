// Imports: rows of a file onto the list. A row can add an entry or make one stronger; nothing in a file makes the list
// weaker, so the same file may be imported again and again.
import { BlocklistError } from '../domain/errors.js';
import { present } from '../domain/present.js';
import type { Account } from './accounts.js';
import type { Database } from './database.js';
import { importDryRun } from './import-dry-run.js';
import { ownRows, type ImportRun, type ImportStores, type OwnedRow } from './import-run.js';
import { liftAdded } from './lift-added.js';
import type { Streams } from './streams.js';
import { withoutNulls } from './without-nulls.js';

export interface Imports {
  start(account: Account, name: string, actor: string): Promise<ImportRun & { readonly id: string }>;
  /** Counts what `start` would write, and writes nothing. */
  dryRun(account: Account): ImportRun;
  /** Of the account and those below it, the newest first. */
  list(account: Account, limit?: number): Promise<readonly ListedImport[]>;
  /** @throws BlocklistError NOT_FOUND */
  get(account: Account, id: string): Promise<ListedImport>;
  /**
   * Lift what the import added, complaints included, where nothing came since; what it made stronger stays so. Repeatable.
   * @throws BlocklistError NOT_FOUND
   */
  undo(account: Account, id: string, actor: string): Promise<{ readonly lifted: number; readonly kept: number }>;
}

export interface ListedImport {
  readonly id: string;
  readonly accountKey: string;
  readonly name: string;
  readonly actor: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly createdAt: Date;
  /** Absent: it still runs, or was broken off. */
  readonly finishedAt?: Date;
  readonly undoneAt?: Date;
  readonly undoneBy?: string;
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
    list: (account, limit = 100) => readImports(db, account, 'true', [limit]),
    get: (account, id) => readImport(db, account, id),
    async undo(account, id, actor) {
      const { createdAt, finishedAt } = await readImport(db, account, id);
      await db.query('update imports set undone_at = clock_timestamp(), undone_by = $2 where id = $1', [id, actor]);
      const range = await eventsBetween(db, createdAt, finishedAt ?? new Date());
      let added = 0;
      const lifted = await liftAdded(
        db,
        async (after, limit) => {
          const page = await db.query<{ id: string }>(
            `select e.id
             from blocklist_events e
             where e.id > greatest($1::bigint, $2::bigint - 1) and e.id <= $3
               and e.effect = 'added' and e.evidence ->> 'import' = $4
             order by e.id
             limit $5`,
            [after, range.first, range.last, id, limit],
          );
          added += page.rows.length;
          return page.rows.map((row) => row.id);
        },
        { strict: false, actor, evidence: { undoOfImport: id } },
      );
      return { lifted, kept: added - lifted };
    },
  };
}

/** The ids between which the ledger's lines of a time lie; relies on blocklist_events_in_time. */
async function eventsBetween(db: Database, from: Date, until: Date) {
  const found = await db.query<{ first: string; last: string }>(
    `with lines as materialized (
       select e.id from blocklist_events e where e.at >= $1 and e.at <= $2::timestamptz + interval '1 second'
     )
     select coalesce(min(id), 1) as first, coalesce(max(id), 0) as last from lines`,
    [from.toISOString(), until.toISOString()],
  );
  return present(found.rows[0], 'the range');
}

async function readImport(db: Database, account: Account, id: string): Promise<ListedImport> {
  const [found] = /^[1-9]\d{0,17}$/.test(id) ? await readImports(db, account, 'i.id = $3', [1, id]) : [];
  if (found === undefined) throw new BlocklistError('NOT_FOUND', 'There is no such import.');
  return found;
}

async function readImports(
  db: Database,
  account: Account,
  condition: string,
  values: readonly unknown[],
): Promise<readonly ListedImport[]> {
  const found = await db.query(
    `select i.id, a.key as "accountKey", i.name, i.actor, i.counts - 'rejects' as counts, i.created_at as "createdAt",
       i.finished_at as "finishedAt", i.undone_at as "undoneAt", i.undone_by as "undoneBy"
     from imports i
     join accounts a on a.id = i.account_id
     where $1 = any (a.ancestors) and ${condition}
     order by i.id desc
     limit $2`,
    [account.id, ...values],
  );
  return found.rows.map((row) => withoutNulls<ListedImport>(row));
}

async function campaignIds(streams: Streams, rows: readonly OwnedRow[]): Promise<{ readonly campaignId?: number }[]> {
  const ids: { readonly campaignId?: number }[] = [];
  // Remembered by the store: a round trip for each new reference, not for each row.
  for (const { row, owner } of rows) {
    ids.push(row.campaign === undefined ? {} : { campaignId: await streams.campaignId(owner.id, row.campaign) });
  }
  return ids;
}
