// What the periodic sweep looks for in the inbox.
import type { Queryable } from './database.js';

/** Shards with replies that have waited longer than a wake-up normally takes. */
export async function shardsToWake(db: Queryable): Promise<number[]> {
  const found = await db.query<{ shard: number }>(
    `select distinct shard from inbox where state = 'unread' and created_at < clock_timestamp() - interval '1 second'`,
    [],
  );
  return found.rows.map((row) => row.shard);
}
