// Counts of one campaign, all from one snapshot: messages by what became of them, people by how they opted out.
import {
  summariseCampaign,
  type CampaignCounts,
  type CampaignReport,
  type MessageCount,
  type OptOutCount,
} from '../domain/campaign-report.js';
import { BlocklistError } from '../domain/errors.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';
import { withoutNulls } from './without-nulls.js';

/**
 * The report on a campaign reference in an account and the accounts below it.
 * @throws BlocklistError NOT_FOUND if nothing was ever sent or listed under the reference.
 */
export async function campaignReport(db: Database, account: Account, reference: string): Promise<CampaignReport> {
  return db.transaction(async (tx) => {
    // One snapshot, or a message settled between two statements would count twice.
    await tx.query('set transaction isolation level repeatable read, read only');
    const campaigns = await tx.query<{ id: number }>(
      `select c.id
       from accounts a
       join campaigns c on c.account_id = a.id and c.reference = $2
       where $1 = any (a.ancestors)`,
      [account.id, reference],
    );
    if (campaigns.rows.length === 0) {
      throw new BlocklistError('NOT_FOUND', 'No campaign with this reference is known in this account.');
    }
    const ids = campaigns.rows.map((campaign) => campaign.id);
    return summariseCampaign(reference, account.key, {
      messages: await messages(tx, ids),
      optOuts: await optOuts(tx, ids),
      ...(await singleFigures(tx, ids)),
    });
  });
}

/** Relies on streams_of_campaign and sends_of_stream. */
async function messages(tx: Queryable, campaigns: readonly number[]): Promise<MessageCount[]> {
  const found = await tx.query(
    `with counted as (
       select s.state, s.hold_reason, s.delivery,
         case when s.state in ('blocked', 'revoked') then coalesce(e.source, 'FREQUENCY_CAP') end as blocked_by,
         e.campaign_id as cause, count(*)::integer as messages
       from streams st
       join sends s on s.stream_id = st.id
       left join blocklist_events e on e.id = s.blocked_by and s.state in ('blocked', 'revoked')
       where st.campaign_id = any ($1)
         and st.kind = 'message'
       group by 1, 2, 3, 4, 5
     )
     select counted.state, counted.hold_reason as "holdReason", counted.delivery, counted.blocked_by as "blockedBy",
       cause.reference as cause, counted.messages
     from counted
     left join campaigns cause on cause.id = counted.cause`,
    [campaigns],
  );
  return found.rows.map((row) => withoutNulls<MessageCount>(row));
}

/** Each person once, as his first opt-out under the campaign. Relies on blocklist_events_of_campaign. */
const OPT_OUTS = `
  select distinct on (e.contact_id) e.source, coalesce(st.channel, i.channel, e.channel, 'NONE') as channel,
    coalesce(e.confidence, 'none') as confidence,
    bool_or(e.effect = 'added') over (partition by e.contact_id) as is_first_touch,
    greatest(extract(epoch from e.received_at - s.settled_at), 0)::double precision as seconds
  from blocklist_events e
  left join sends s on s.id = e.send_id
  left join streams st on st.id = s.stream_id
  left join inbox i on i.id = e.inbox_id
  where e.campaign_id = any ($1)
    and e.kind = 'BLOCK'
  order by e.contact_id, e.id`;

async function optOuts(tx: Queryable, campaigns: readonly number[]): Promise<OptOutCount[]> {
  const found = await tx.query<OptOutCount>(
    `select p.source, p.channel, p.confidence, p.is_first_touch as "isFirstTouch", count(*)::integer as people
     from (${OPT_OUTS}) p
     group by 1, 2, 3, 4`,
    [campaigns],
  );
  return found.rows;
}

/** Relies on inbox_of_campaign for the replies. */
async function singleFigures(
  tx: Queryable,
  campaigns: readonly number[],
): Promise<Pick<CampaignCounts, 'replies' | 'invalid' | 'secondsToOptOut'>> {
  const found = await tx.query<{ replies: number; invalid: number; seconds: [number, number, number] | null }>(
    `select
       (select count(distinct i.reading ->> 'sendId')::integer
        from inbox i
        where i.reading ? 'campaignId'
          and (i.reading ->> 'campaignId')::integer = any ($1)) as replies,
       (select coalesce(sum(b.rejected), 0)::integer
        from broadcasts b
        join streams st on st.id = b.stream_id
        where st.campaign_id = any ($1)) as invalid,
       (select percentile_disc(array[0.5, 0.9, 0.99]) within group (order by p.seconds) from (${OPT_OUTS}) p) as seconds`,
    [campaigns],
  );
  const { replies, invalid, seconds } = found.rows[0] as (typeof found.rows)[0];
  return {
    replies,
    invalid,
    ...(seconds === null ? {} : { secondsToOptOut: { p50: seconds[0], p90: seconds[1], p99: seconds[2] } }),
  };
}
