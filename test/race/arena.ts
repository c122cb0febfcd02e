// A database to race in: the product's migrations, or the test's changed copy of them, with the log that judges it.
import { migrate, readMigrations } from '../../src/storage/migrate.js';
import { edited, PAUSES, type Edit } from './mutants.js';
import { RaceDatabase } from './race-database.js';
import { installLog } from './race-log.js';

/** More than the stages in flight need at once: nobody waits for a connection, which would only use up windows. */
const CONNECTIONS = 40;

/** `url` is an empty database of a user who may change its settings. */
export async function openArena(
  url: string,
  { edits = [], widen = false }: { readonly edits?: readonly Edit[]; readonly widen?: boolean } = {},
): Promise<RaceDatabase> {
  await migrate(url, edited(await readMigrations(), [...edits, ...PAUSES]));
  const admin = new RaceDatabase(url, 1);
  try {
    // A deadlock is a fault here; nobody has to wait a second to learn of it.
    const name = decodeURIComponent(new URL(url).pathname.slice(1)).replaceAll('"', '""');
    await admin.query(`alter database "${name}" set deadlock_timeout = '50ms'`);
    await installLog(admin);
  } finally {
    await admin.close();
  }
  return new RaceDatabase(url, CONNECTIONS, { widen });
}

/** Deadlocks the server has counted, whoever met them. */
export async function deadlocksOf(db: RaceDatabase): Promise<number> {
  await db.query('select pg_stat_clear_snapshot()');
  const found = await db.query<{ deadlocks: number }>(
    'select deadlocks::integer as deadlocks from pg_stat_database where datname = current_database()',
  );
  return Math.max(db.deadlocks, found.rows[0]?.deadlocks ?? 0);
}
