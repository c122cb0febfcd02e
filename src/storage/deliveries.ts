// Delivery and seen reports: kept beside the message. They come late, twice and out of order, so a report only ever raises
// what is known: the result is the same in whatever order they arrive.
import type { Database } from './database.js';

/** What became of a message after the provider took it; each outranks those before it. */
export const DELIVERIES = ['UNDELIVERABLE', 'DELIVERED', 'SEEN'] as const;
export type Delivery = (typeof DELIVERIES)[number];

export interface DeliveryReport {
  /** The message's id at the provider. */
  readonly permitId: string;
  readonly delivery: Delivery;
  readonly at: Date;
}

export interface Deliveries {
  /** Keep the reports of messages that are ours. Answers the ids whose state changed; a repetition changes none. */
  record(reports: readonly DeliveryReport[]): Promise<readonly string[]>;
}

export function deliveryStore(db: Database): Deliveries {
  return {
    async record(reports) {
      if (reports.length === 0) return [];
      const found = await db.query<{ id: string }>(
        // Of one message's reports the highest counts, of equal ones the earliest. Rows are locked in the order of their ids,
        // as dispatch locks them; a row that this would not change is not touched.
        `with reported as (
           select distinct on (r.id) r.id, r.delivery, r.at, array_position($4::text[], r.delivery) as rank
           from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as r(id, delivery, at)
           order by r.id, rank desc, r.at
         ),
         locked as (
           select s.id
           from sends s
           where s.id = any ($1::uuid[])
             and exists (
               select from reported r
               where r.id = s.id
                 and (s.delivery is null or r.rank > array_position($4::text[], s.delivery)
                   or r.delivery = s.delivery and r.at < s.delivery_at))
           order by s.id
           for no key update
         )
         update sends s
         set delivery = r.delivery, delivery_at = r.at
         from reported r
         where s.id = r.id
           and s.id in (select id from locked)
           and (s.delivery is null or r.rank > array_position($4::text[], s.delivery)
             or r.delivery = s.delivery and r.at < s.delivery_at)
         returning s.id`,
        [
          reports.map((report) => report.permitId),
          reports.map((report) => report.delivery),
          reports.map((report) => report.at.toISOString()),
          DELIVERIES,
        ],
      );
      return found.rows.map((row) => row.id);
    },
  };
}
