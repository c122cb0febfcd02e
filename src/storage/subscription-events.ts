// The events that subscribers have not accepted yet: taken in the order of their ids, by one deliverer at a time, and deleted
// when accepted. Ids of one person's events are in the order of his changes (migration 0014).
import type { EntryChannel } from '../domain/channel.js';
import type { ListEvent } from '../domain/list-event.js';
import type { Queryable } from './database.js';
import { withoutNulls } from './without-nulls.js';

/** Where to post, as long as the lease holds. */
export interface Posting {
  readonly url: string;
  readonly secret: string;
  readonly mostEvents: number;
  readonly username?: string;
  readonly password?: string;
}

export type Lease =
  | { readonly kind: 'leased'; readonly posting: Posting }
  /** Another deliverer may be posting until then. */
  | { readonly kind: 'busy'; readonly afterMs: number }
  | { readonly kind: 'deleted' };

export interface WaitingEvent {
  readonly id: string;
  /** Undefined: nothing can be told any more, the person was erased. */
  readonly event?: ListEvent;
}

export interface Backlog {
  readonly waiting: number;
  readonly oldestSeconds: number;
}

/** No transaction lives so long: what it wrote for a subscription that is being deleted has been seen by then. */
const PURGE_AFTER = '2 minutes';
const PURGED_AT_ONCE = 10_000;
/** Counted no further: whoever looks learns as much. */
const MOST_COUNTED = 100_000;
/** After a wake-up that nobody answered, or a workflow that somebody ended, the next one is sent. */
const WAKE_AGAIN = '30 seconds';

/** Before each post. Whoever leases is the only one to post until then; his own lease is renewed. */
export async function leaseSubscription(db: Queryable, id: number, lease: string, forMs: number): Promise<Lease> {
  const found = await db.query<{ posting: Posting | null; afterMs: number; isDeleted: boolean }>(
    `with leased as (
       update subscriptions s
       set lease = $2, leased_until = clock_timestamp() + $3 * interval '1 millisecond',
         wake_due = clock_timestamp() + $3 * interval '1 millisecond' + interval '${WAKE_AGAIN}'
       where s.id = $1 and s.deleted_at is null and (s.leased_until <= clock_timestamp() or s.lease = $2)
       returning jsonb_strip_nulls(jsonb_build_object('url', s.url, 'secret', s.secret, 'mostEvents', s.most_events,
         'username', s.username, 'password', s.password)) as posting
     )
     select (select posting from leased) as posting, s.deleted_at is not null as "isDeleted",
       greatest(0, extract(epoch from s.leased_until - clock_timestamp()) * 1000)::float8 as "afterMs"
     from subscriptions s
     where s.id = $1`,
    [id, lease, forMs],
  );
  const row = found.rows[0];
  if (row === undefined || row.isDeleted) return { kind: 'deleted' };
  return row.posting === null ? { kind: 'busy', afterMs: row.afterMs } : { kind: 'leased', posting: row.posting };
}

/** Nothing of the lease's owner is under way any more. `nextLookMs`: when he looks again by himself; 0: when he is woken. */
export async function releaseSubscription(db: Queryable, id: number, lease: string, nextLookMs: number): Promise<void> {
  await db.query(
    `update subscriptions
     set leased_until = '-infinity',
       wake_due = clock_timestamp()
         + case when $3 > 0 then $3 * interval '1 millisecond' + interval '${WAKE_AGAIN}' else interval '0' end
     where id = $1 and lease = $2`,
    [id, lease, nextLookMs],
  );
}

/** The first events that wait, in their order. */
export async function waitingEvents(db: Queryable, subscriptionId: number, limit: number): Promise<WaitingEvent[]> {
  const found = await db.query<{
    id: string;
    eventId: string;
    kind: 'BLOCK' | 'UNBLOCK';
    at: Date;
    destination: string | null;
    channel: EntryChannel | null;
  }>(
    `select q.id, e.id as "eventId", e.kind, e.received_at as at, p.value as destination, e.sender, e.channel, e.source,
       s.id as "sendId", coalesce(s.settled_at, s.claimed_at) as "sentAt", i.message_id as "inboundMessageId",
       c.id as "campaignId", c.reference as campaign
     from (
       select id, event_id from subscription_events where subscription_id = $1 order by id limit $2
     ) q
     join blocklist_events e on e.id = q.event_id
     join contact_points p on p.id = e.contact_id
     left join sends s on s.id = e.send_id
     left join inbox i on i.id = e.inbox_id
     left join campaigns c on c.id = e.campaign_id
     order by q.id`,
    [subscriptionId, limit],
  );
  return found.rows.map(({ id, ...row }) => ({
    id,
    ...(row.destination === null ? {} : { event: withoutNulls<ListEvent>(row) }),
  }));
}

export async function acceptedEvents(db: Queryable, subscriptionId: number, ids: readonly string[]): Promise<void> {
  await db.query('delete from subscription_events where subscription_id = $1 and id = any ($2::bigint[])', [
    subscriptionId,
    ids,
  ]);
}

export async function readBacklogOf(db: Queryable, subscriptionId: number): Promise<Backlog> {
  const found = await db.query<Backlog>(
    `select count(*)::integer as waiting,
       coalesce(extract(epoch from clock_timestamp() - min(created_at)), 0)::float8 as "oldestSeconds"
     from (
       select created_at from subscription_events where subscription_id = $1 order by id limit $2
     ) counted`,
    [subscriptionId, MOST_COUNTED],
  );
  return found.rows[0] ?? { waiting: 0, oldestSeconds: 0 };
}

/** Remove what waits for a subscription that was deleted. True when nothing can follow. */
export async function purgeDeleted(db: Queryable, subscriptionId: number): Promise<boolean> {
  const purged = await db.query(
    `delete from subscription_events
     where subscription_id = $1
       and id in (select id from subscription_events where subscription_id = $1 order by id limit $2)`,
    [subscriptionId, PURGED_AT_ONCE],
  );
  if ((purged.rowCount ?? 0) === PURGED_AT_ONCE) return false;
  const ended = await db.query(
    `update subscriptions set ended_at = clock_timestamp()
     where id = $1 and deleted_at < clock_timestamp() - interval '${PURGE_AFTER}'`,
    [subscriptionId],
  );
  return ended.rowCount === 1;
}

/** Subscriptions for which something waits, or that were deleted, and nobody looks; each is given once in a while. */
export async function subscriptionsToWake(
  db: Queryable,
): Promise<readonly { readonly id: number; readonly accountKey: string }[]> {
  const found = await db.query<{ id: number; accountKey: string }>(
    `update subscriptions s
     set wake_due = clock_timestamp() + interval '${WAKE_AGAIN}'
     from accounts a
     where a.id = s.account_id
       and s.ended_at is null
       and s.wake_due <= clock_timestamp()
       and (s.deleted_at is not null or exists (select from subscription_events e where e.subscription_id = s.id))
     returning s.id, a.key as "accountKey"`,
  );
  return found.rows;
}
