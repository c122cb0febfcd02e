// Taking back what a set of ledger events added: a whole import, or a burst of presses.
import type { Database } from './database.js';

/** Each set is looked up list against list: larger ones would take the square of their time. */
const EVENTS_AT_ONCE = 500;

/**
 * Lift the entries that these events added, where nothing came since: no later line of the ledger about the entry, or
 * (`strict`) about the person, nor then a reply nobody has read. Repeatable.
 * @param pageOf the next ids of events after the one given, in order, at most `limit`
 * @returns how many entries were lifted
 */
export async function liftAdded(
  db: Database,
  pageOf: (after: string, limit: number) => Promise<readonly string[]>,
  change: { readonly strict: boolean; readonly actor: string; readonly evidence: Readonly<Record<string, unknown>> },
): Promise<number> {
  let lifted = 0;
  let after = '0';
  for (;;) {
    const ids = await pageOf(after, EVENTS_AT_ONCE);
    const last = ids.at(-1);
    if (last === undefined) return lifted;
    const done = await db.transaction((tx) =>
      tx.query<{ lifted: number }>('select blocklist_lift_added($1::bigint[], $2, $3, $4) as lifted', [
        ids,
        change.strict,
        change.actor,
        JSON.stringify(change.evidence),
      ]),
    );
    lifted += done.rows[0]?.lifted ?? 0;
    after = last;
  }
}
