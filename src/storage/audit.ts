// What an audit of campaigns needs to see: rows as they stand, read in other ways than the report reads them. Holds clear
// destinations, to be compared with a network's log in memory and shown to nobody.
import type { MessageState } from '../domain/outcome.js';
import type { Source } from '../domain/scope.js';
import type { Queryable } from './database.js';
import { DISPATCH_WINDOW_MS } from './permits.js';
import { withoutNulls } from './without-nulls.js';

/** A permit and what became of it. */
export interface AuditedMessage {
  readonly id: string;
  /** Absent once erased. */
  readonly destination?: string;
  readonly state: MessageState;
  readonly kind: 'message' | 'confirmation';
  readonly campaign?: string;
}

/** What an opt-out holds for: everything, or one channel and sender. */
export interface AuditedScope {
  readonly channel?: string;
  readonly senderKey?: string;
}

/** How a reply of the provider was read. */
export interface AuditedReply {
  readonly messageId: string;
  /** Absent while it is unread. */
  readonly action?: string;
  /** The opt-out it led to. */
  readonly optOut?: AuditedScope;
}

/** An opt-out that no reply and no link brought. */
export interface ListedOptOut extends AuditedScope {
  readonly destination: string;
  readonly source: Source;
  /** ISO with microseconds. */
  readonly at: string;
  /** From when on no provider call under an older permit could start any more. */
  readonly holdsFrom: string;
}

export interface Unsettled {
  /** Messages not at their end. */
  readonly open: number;
  readonly unread: number;
  /** Signals and confirmations still to be delivered, those of others included. */
  readonly outbox: number;
}

export interface AuditStore {
  /** Every message of these campaigns, and those with these ids. */
  messages(campaigns: readonly string[], ids: readonly string[]): Promise<readonly AuditedMessage[]>;
  replies(provider: string, messageIds: readonly string[]): Promise<readonly AuditedReply[]>;
  /** Which of these messages' links are in the ledger as an opt-out. */
  pressedLinks(messageIds: readonly string[]): Promise<readonly string[]>;
  /** People with an opt-out in the ledger under the campaign. */
  peopleOptedOut(campaign: string): Promise<number>;
  /** Opt-outs by files, operators and flows of people these campaigns are about. */
  listedOptOuts(campaigns: readonly string[]): Promise<readonly ListedOptOut[]>;
  unsettled(campaigns: readonly string[]): Promise<Unsettled>;
}

/** Relies on streams_of_campaign, sends_of_stream, blocklist_events_of_contact and the keys. */
export function auditStore(db: Queryable): AuditStore {
  return {
    async messages(campaigns, ids) {
      const found = await db.query(
        `select s.id, p.value as destination, s.state, st.kind, c.reference as campaign
         from (
           select s.id
           from campaigns c
           join streams st on st.campaign_id = c.id
           join sends s on s.stream_id = st.id
           where c.reference = any ($1)
           union
           select s.id from sends s where s.id = any ($2::uuid[])
         ) asked
         join sends s on s.id = asked.id
         join streams st on st.id = s.stream_id
         left join campaigns c on c.id = st.campaign_id
         left join contact_points p on p.id = s.contact_id`,
        [campaigns, ids.filter((id) => UUID.test(id))],
      );
      return found.rows.map((row) => withoutNulls<AuditedMessage>(row));
    },

    async replies(provider, messageIds) {
      const found = await db.query(
        `select i.message_id as "messageId", i.reading ->> 'action' as action,
           case when e.id is not null then
             jsonb_strip_nulls(jsonb_build_object('channel', e.channel, 'senderKey', e.sender_key)) end as "optOut"
         from inbox i
         left join blocklist_events e
           on e.contact_id = i.contact_id and e.inbox_id = i.id and e.kind = 'BLOCK' and e.source = 'MO'
         where i.provider = $1
           and i.message_id = any ($2)`,
        [provider, messageIds],
      );
      return found.rows.map((row) => withoutNulls<AuditedReply>(row));
    },

    async pressedLinks(messageIds) {
      const found = await db.query<{ id: string }>(
        `select distinct s.id
         from sends s
         join blocklist_events e on e.contact_id = s.contact_id and e.send_id = s.id
         where s.id = any ($1::uuid[])
           and e.kind = 'BLOCK'
           and e.source = 'URL_OPT_OUT'`,
        [messageIds.filter((id) => UUID.test(id))],
      );
      return found.rows.map(({ id }) => id);
    },

    async peopleOptedOut(campaign) {
      const found = await db.query<{ people: number }>(
        `select count(distinct e.contact_id)::integer as people
         from campaigns c
         join blocklist_events e on e.campaign_id = c.id
         where c.reference = $1
           and e.kind = 'BLOCK'`,
        [campaign],
      );
      return found.rows[0]?.people ?? 0;
    },

    async listedOptOuts(campaigns) {
      const found = await db.query(
        `with people as (
           select distinct s.contact_id as id
           from campaigns c
           join streams st on st.campaign_id = c.id
           join sends s on s.stream_id = st.id
           where c.reference = any ($1)
         )
         select p.value as destination, e.source, e.channel, e.sender_key as "senderKey",
           to_char(e.at at time zone 'utc', $3) as at,
           to_char((e.at + $2 * interval '1 ms') at time zone 'utc', $3) as "holdsFrom"
         from people
         join blocklist_events e on e.contact_id = people.id
         join contact_points p on p.id = people.id
         where e.kind = 'BLOCK'
           and e.source in ('CUSTOM', 'CAMPAIGN')
           and p.value is not null`,
        [campaigns, DISPATCH_WINDOW_MS, ISO_MICROSECONDS],
      );
      return found.rows.map((row) => withoutNulls<ListedOptOut>(row));
    },

    async unsettled(campaigns) {
      const found = await db.query<{ open: number; unread: number; outbox: number }>(
        `with sent as materialized (
           select s.contact_id, s.state
           from campaigns c
           join streams st on st.campaign_id = c.id
           join sends s on s.stream_id = st.id
           where c.reference = any ($1)
         )
         select
           (select count(*)::integer from sent where state in ('claimed', 'held', 'dispatching')) as open,
           (select count(*)::integer from inbox where state = 'unread' and contact_id in (select contact_id from sent))
             as unread,
           (select count(*)::integer from outbox) as outbox`,
        [campaigns],
      );
      return found.rows[0] ?? { open: 0, unread: 0, outbox: 0 };
    },
  };
}

const ISO_MICROSECONDS = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
