// What a confirmation needs to know about the opt-out it confirms.
import type { SendingChannel } from '../domain/channel.js';
import type { Queryable } from './database.js';

export interface Confirmable {
  readonly accountId: number;
  readonly accountKey: string;
  readonly contactId: string;
  readonly channel: SendingChannel;
  /** Our number: the reply went there, so the confirmation comes from there. */
  readonly sender: string;
  readonly autoResponse?: string;
  /** Of the five minutes after the reply was received. */
  readonly secondsLeft: number;
}

const WINDOW_SECONDS = 300;

/** Undefined if the event is not an opt-out by reply that changed the person from unblocked to blocked. */
export async function readConfirmable(db: Queryable, eventId: string): Promise<Confirmable | undefined> {
  const found = await db.query<Omit<Confirmable, 'autoResponse'> & { autoResponse: string | null }>(
    `select e.account_id as "accountId", a.key as "accountKey", e.contact_id as "contactId", i.channel, i.sender,
       e.evidence ->> 'autoResponse' as "autoResponse",
       $2 - extract(epoch from clock_timestamp() - e.received_at)::float8 as "secondsLeft"
     from blocklist_events e
     join accounts a on a.id = e.account_id
     join inbox i on i.id = e.inbox_id
     where e.id = $1 and e.kind = 'BLOCK' and e.effect = 'added' and e.source = 'MO'`,
    [eventId, WINDOW_SECONDS],
  );
  const row = found.rows[0];
  if (row === undefined) return undefined;
  const { autoResponse, ...rest } = row;
  return autoResponse === null ? rest : { ...rest, autoResponse };
}
