// How long the texts of replies are kept. What they were read as, with the words that decided, stays in the ledger.
import type { Queryable } from './database.js';

const PAGE = 1_000;
/** A call ends after so many; the next one goes on. */
const MOST_PAGES = 20;

/**
 * Erase the texts of replies that were read more than `days` ago, a page at a time. A reply that nobody has read yet, or
 * that waits for a human, keeps its text however old it is. Returns how many were erased.
 */
export async function eraseReadTexts(db: Queryable, days: number): Promise<number> {
  let erased = 0;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const { rowCount } = await db.query(
      `update inbox set text = null
       where id in (
         select id from inbox
         where state = 'read' and text is not null and read_at < clock_timestamp() - $1 * interval '1 day'
         order by read_at
         limit $2
         for update skip locked)`,
      [days, PAGE],
    );
    erased += rowCount ?? 0;
    if ((rowCount ?? 0) < PAGE) break;
  }
  return erased;
}
