// What a confirmation needs to know about the opt-out it confirms.
import type { SendingChannel } from '../domain/channel.js';
import type { DeliveryWindow } from '../domain/delivery-window.js';
import type { Queryable } from './database.js';
import { withoutNulls } from './without-nulls.js';

export interface Confirmable {
  readonly accountId: number;
  readonly accountKey: string;
  readonly contactId: string;
  readonly channel: SendingChannel;
  /** Our number: the reply went there, so the confirmation comes from there. */
  readonly sender: string;
  /** The keyword's own answer, where it has one. */
  readonly autoResponse?: string;
  readonly autoResponseSender?: string;
  readonly autoResponseWindow?: DeliveryWindow;
  /** Of the five minutes after the reply was received. */
  readonly secondsLeft: number;
}

const WINDOW_SECONDS = 300;
/** Automatic replies to one person in a day: robots answer robots. */
const MOST_A_DAY = 3;

/**
 * Undefined if the event is not an opt-out by reply that changed the person from unblocked to blocked, or no longer is: the
 * confirmation passes the entry it confirms, not one that came since, and it would be untrue if the person has returned.
 * Undefined too if the person has had enough of them today.
 */
export async function readConfirmable(db: Queryable, eventId: string): Promise<Confirmable | undefined> {
  const found = await db.query(
    `select e.account_id as "accountId", a.key as "accountKey", e.contact_id as "contactId", i.channel, i.sender,
       e.evidence ->> 'autoResponse' as "autoResponse", e.evidence ->> 'autoResponseSender' as "autoResponseSender",
       e.evidence -> 'autoResponseWindow' as "autoResponseWindow",
       $2 - extract(epoch from clock_timestamp() - e.received_at)::float8 as "secondsLeft"
     from blocklist_events e
     join accounts a on a.id = e.account_id
     join inbox i on i.id = e.inbox_id
     join blocklist_entries own on own.id = e.id
     join contact_points p on p.id = e.contact_id
     where e.id = $1 and e.kind = 'BLOCK' and e.effect = 'added' and e.source = 'MO'
       and not exists (
         select from blocklist_entries other
         where other.contact_id in (p.id, p.domain_id)
           and other.id <> e.id
           and other.account_id = any (a.ancestors)
           and (other.channel is null or other.channel = i.channel)
           and (other.sender_key is null or other.sender_key = i.sender_key))
       and (
         select count(*) < $3
         from sends s
         join streams st on st.id = s.stream_id
         where s.contact_id = e.contact_id
           and st.kind = 'confirmation'
           and s.state in ('claimed', 'held', 'dispatching', 'sent', 'unknown')
           and s.claimed_at > clock_timestamp() - interval '1 day'
           -- Its own was claimed after the event.
           and s.claimed_at < e.at)`,
    [eventId, WINDOW_SECONDS, MOST_A_DAY],
  );
  return found.rows.map((row) => withoutNulls<Confirmable>(row))[0];
}
