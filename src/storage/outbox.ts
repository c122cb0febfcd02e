// The outbox: what must follow a committed change. Written in the change's own transaction, delivered at least once.
import type { Database, Queryable } from './database.js';

export type OutboxMessage =
  | {
      readonly kind: 'SIGNAL';
      readonly payload: {
        readonly workflowId: string;
        readonly flowContact?: string | number;
        readonly signal: string;
        readonly arg: unknown;
      };
    }
  | { readonly kind: 'CONFIRMATION'; readonly payload: { readonly eventId: string } }
  | { readonly kind: 'AUTO_REPLY' | 'FORWARD'; readonly payload: { readonly inboxId: string } };

export type OutboxRow = OutboxMessage & { readonly id: string; readonly tries: number };

/** Channel of Postgres notifications that tell of new outbox rows. */
export const OUTBOX_CHANNEL = 'blocklist_outbox';
/** A row taken and not finished by then is taken again. */
const LEASE = '20 seconds';

export interface Outbox {
  /** Take due rows for delivery; other processes skip them until the lease ends. */
  take(limit: number): Promise<OutboxRow[]>;
  done(ids: readonly string[]): Promise<void>;
  /** Try again later: 1 s, doubled each time up to 5 minutes. `why` names an error's class only. */
  failed(id: string, tries: number, why: string): Promise<void>;
  /** The flow has ended: it is signalled no more. */
  close(flowContactIds: readonly string[]): Promise<void>;
}

export function outboxStore(db: Database): Outbox {
  return {
    async take(limit) {
      const found = await db.query<OutboxRow>(
        `update outbox o
         set due_at = clock_timestamp() + interval '${LEASE}', tries = o.tries + 1
         from (
           select id from outbox where due_at <= clock_timestamp() order by id limit $1 for update skip locked
         ) due
         where o.id = due.id
         returning o.id, o.kind, o.payload, o.tries`,
        [limit],
      );
      return found.rows;
    },
    async done(ids) {
      await db.query('delete from outbox where id = any ($1::bigint[])', [ids]);
    },
    async failed(id, tries, why) {
      await db.query(
        `update outbox
         set due_at = clock_timestamp() + least(interval '5 minutes', interval '1 second' * power(2, least($2, 10) - 1)),
           last_error = $3
         where id = $1`,
        [id, tries, why],
      );
    },
    async close(flowContactIds) {
      await db.query('update flow_contacts set closed_at = now() where id = any ($1::bigint[])', [flowContactIds]);
    },
  };
}

/** Write rows within the transaction of the change they follow from. */
export async function enqueue(tx: Queryable, messages: readonly OutboxMessage[]): Promise<void> {
  if (messages.length === 0) return;
  await tx.query(
    `insert into outbox (kind, payload) select m ->> 'kind', m -> 'payload' from jsonb_array_elements($1) m`,
    [JSON.stringify(messages)],
  );
  await tx.query(`select pg_notify('${OUTBOX_CHANNEL}', '')`, []);
}
