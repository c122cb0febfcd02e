// How the messages of a page stand: what an earlier attempt has done, what a hold still keeps, what a cancellation ends.
import type { MessageState } from '../domain/outcome.js';
import type { Queryable } from './database.js';

/** Messages that exist, by state. `due`: claiming them again can change something. */
export type PageStates = readonly {
  readonly state: MessageState;
  readonly due: boolean;
  readonly ids: readonly string[];
}[];

export async function readPageStates(
  db: Queryable,
  streamId: number,
  permitIds: readonly string[],
): Promise<PageStates> {
  const found = await db.query<{ state: MessageState; due: boolean; ids: string }>(
    `select state, due, array_to_string(ids, ',') as ids from blocklist_page_states($1, $2::uuid[])`,
    [streamId, `{${permitIds.join(',')}}`],
  );
  return found.rows.map(({ state, due, ids }) => ({ state, due, ids: ids.split(',') }));
}

/** End what was never handed over. Rows whose dispatch may still start are left; see {@link readPageStates}. */
export async function endPermits(
  db: Queryable,
  claimant: string,
  permitIds: readonly string[],
  detail: string,
): Promise<number> {
  const found = await db.query<{ ended: number }>('select blocklist_end_permits($1, $2::uuid[], $3) as ended', [
    claimant,
    `{${permitIds.join(',')}}`,
    detail,
  ]);
  return found.rows[0]?.ended ?? 0;
}
