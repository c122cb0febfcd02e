// What a run of an import is, be it real or a rehearsal, and whose list each row belongs to.
import type { ImportReading, ImportRow } from '../domain/import-row.js';
import type { Account, Accounts } from './accounts.js';
import type { ContactPoints } from './contact-points.js';
import type { Database } from './database.js';
import type { OptOuts } from './opt-outs.js';
import type { Streams } from './streams.js';

export interface ImportCounts {
  readonly added: number;
  readonly strengthened: number;
  readonly already: number;
  /** Lines that cannot be written: their account is not the importing one, nor below it. */
  readonly rejected: readonly Reject[];
}

export interface Reject {
  readonly line: number;
  /** Never repeats what the line holds. */
  readonly reason: string;
}

export interface ImportRun {
  /** Resolves when the rows are written and no provider call in their scope can start any more. At most 5,000 rows. */
  write(rows: readonly ImportRow[]): Promise<ImportCounts>;
  /** Note the end in the database, with what was counted. */
  finish(counts: { readonly [name: string]: number }, rejects: readonly Reject[]): Promise<void>;
}

export interface ImportStores {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly contacts: ContactPoints;
  readonly streams: Streams;
  readonly optOuts: OptOuts;
}

export interface OwnedRow {
  readonly row: ImportRow;
  readonly owner: Account;
}

/** Rows of the importing account and those below it; everybody else's are refused. */
export async function ownRows(
  accounts: Accounts,
  account: Account,
  rows: readonly ImportRow[],
): Promise<{ readonly owned: readonly OwnedRow[]; readonly rejected: readonly Reject[] }> {
  const owners = new Map<string | undefined, Account | undefined>([[undefined, account]]);
  for (const key of new Set(rows.map((row) => row.accountKey))) {
    if (owners.has(key)) continue;
    const owner = await accounts.get(key).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === 'NOT_FOUND') return undefined;
      throw error;
    });
    owners.set(key, owner?.ancestors.includes(account.id) === true ? owner : undefined);
  }
  const owned: OwnedRow[] = [];
  const rejected: Reject[] = [];
  for (const row of rows) {
    const owner = owners.get(row.accountKey);
    if (owner !== undefined) owned.push({ row, owner });
    else rejected.push({ line: row.line, reason: 'the account is neither the importing one nor below it' });
  }
  return { owned, rejected };
}

export interface RunCounts {
  readonly rows: number;
  readonly added: number;
  readonly strengthened: number;
  readonly already: number;
  readonly rejected: number;
  /** The first 1,000 of those rejected. */
  readonly rejects: readonly Reject[];
}

/** Written in one transaction. */
const ROWS_AT_ONCE = 5_000;
const REJECTS_LISTED = 1_000;

/** Read a file of any size to its end; memory holds one transaction of it. */
export async function runImport(run: ImportRun, file: AsyncIterable<ImportReading>): Promise<RunCounts> {
  const sum = { rows: 0, added: 0, strengthened: 0, already: 0, rejected: 0 };
  const rejects: Reject[] = [];
  let waiting: ImportRow[] = [];
  const reject = (more: readonly Reject[]): void => {
    sum.rejected += more.length;
    rejects.push(...more.slice(0, REJECTS_LISTED - rejects.length));
  };
  const write = async (): Promise<void> => {
    const written = await run.write(waiting);
    sum.added += written.added;
    sum.strengthened += written.strengthened;
    sum.already += written.already;
    reject(written.rejected);
    waiting = [];
  };
  for await (const read of file) {
    sum.rows += 1;
    reject(read.rejects);
    waiting.push(...read.rows);
    if (waiting.length >= ROWS_AT_ONCE) await write();
  }
  if (waiting.length > 0) await write();
  await run.finish(sum, rejects);
  return { ...sum, rejects };
}
