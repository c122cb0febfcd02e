// Gives back what ended halts still hold. Apart from the resume itself, because a resume may die in the middle of it.
import { asBlocklistError, type Database } from './database.js';

/** Rows of one transaction; short, so that an opt-out never waits long behind it. */
const RELEASE_PAGE = 5_000;
/** Far longer than any transaction may last, so nothing decided before the resume commits after the last look. */
const SETTLED_AFTER_SECONDS = 120;

/** How many messages were made due. Cheap when no halt has ended lately. */
export async function releaseResumed(db: Database): Promise<number> {
  const ended = await db.query<{ id: number; isSettled: boolean }>(
    `select id, resumed_at < clock_timestamp() - make_interval(secs => $1) as "isSettled"
     from halts where resumed_at is not null and released_at is null`,
    [SETTLED_AFTER_SECONDS],
  );
  if (ended.rows.length === 0) return 0;
  const released = await releaseHeld(db);
  await db.query('update halts set released_at = clock_timestamp() where id = any ($1)', [
    ended.rows.filter((halt) => halt.isSettled).map((halt) => halt.id),
  ]);
  return released;
}

/** One scan of the held rows, kept by the server, then short transactions: a halted campaign may hold a million rows. */
async function releaseHeld(db: Database): Promise<number> {
  const client = await db.connect();
  try {
    await client.query('begin');
    await client.query('declare held cursor with hold for select id from blocklist_no_longer_halted()');
    await client.query('commit');
    let released = 0;
    for (;;) {
      const page = await client.query<{ id: string }>(`fetch ${RELEASE_PAGE} from held`);
      if (page.rows.length === 0) break;
      // On the same connection: a second one of the pool might never come free.
      const done = await client.query<{ count: number }>('select blocklist_release_halted($1) as count', [
        page.rows.map((row) => row.id),
      ]);
      released += done.rows[0]?.count ?? 0;
    }
    await client.query('close held');
    client.release();
    return released;
  } catch (error) {
    // Destroyed, not returned to the pool: the cursor, or a transaction, may still be open on it.
    client.release(true);
    throw asBlocklistError(error);
  }
}
