// How much waits: for operators, who ask every few seconds, so each part is an index probe or bounded.
import type { HoldReason } from '../domain/outcome.js';
import { INBOUND_SHARDS } from '../domain/shard.js';
import type { Queryable } from './database.js';

export interface Backlog {
  /** Age of the oldest reply not yet read; 0 when all are read. */
  readonly oldestUnreadReplySeconds: number;
  /** Age of the oldest signal or confirmation not yet delivered; 0 when all are. */
  readonly oldestOutboxSeconds: number;
  /** Messages held now, by reason; each counted within the first {@link MOST_HELD}. */
  readonly held: Readonly<Record<HoldReason, number>>;
}

/** A halt may hold millions; a number this size tells an operator as much. */
const MOST_HELD = 100_000;

export async function readBacklog(db: Queryable): Promise<Backlog> {
  const found = await db.query<{ unread: number; outbox: number; held: Partial<Record<HoldReason, number>> | null }>(
    // One probe a shard of the index of unread replies, whose order is that of arrival.
    `select
       (select coalesce(extract(epoch from clock_timestamp() - min(first.created_at)), 0)::float8
        from generate_series(0, $1::integer - 1) s
        cross join lateral (
          select created_at from inbox where state = 'unread' and shard = s order by id limit 1
        ) first) as unread,
       coalesce((select extract(epoch from clock_timestamp() - created_at)::float8 from outbox order by id limit 1), 0)
         as outbox,
       (select jsonb_object_agg(reasons.hold_reason, reasons.n)
        from (
          select waiting.hold_reason, count(*) as n
          from (select hold_reason from sends where held_until is not null limit $2) waiting
          group by waiting.hold_reason
        ) reasons) as held`,
    [INBOUND_SHARDS, MOST_HELD],
  );
  const row = found.rows[0];
  return {
    oldestUnreadReplySeconds: Math.max(0, row?.unread ?? 0),
    oldestOutboxSeconds: Math.max(0, row?.outbox ?? 0),
    held: { UNREAD_REPLY: 0, HALT: 0, QUIET_HOURS: 0, FREQUENCY_CAP: 0, ...row?.held },
  };
}
