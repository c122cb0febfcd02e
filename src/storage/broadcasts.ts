// Broadcasts and their pages. How an audience is brought in stands in audience.ts; permits are claimed as everywhere else.
import type { BroadcastCounts, BroadcastProgress, BroadcastStatus, PageCounts } from '../domain/broadcast.js';
import { parseBroadcastSpec, type BroadcastSpec } from '../domain/broadcast-spec.js';
import { BlocklistError } from '../domain/errors.js';
import { checkedId, unknownBroadcast } from './broadcast-id.js';
import type { Queryable } from './database.js';
import { DEFAULT_VALIDITY_SECONDS } from './permits.js';
import type { Storage } from './storage.js';

export { loadAudience, type AudienceLine, type LoadedAudience, type Reject } from './audience.js';
export { dryRun, type DryRun, type DryRunSpec } from './dry-run.js';
export type { BroadcastSpec } from '../domain/broadcast-spec.js';

/**
 * Store a broadcast that has no audience yet; its status is LOADING. Its id is hard to guess.
 * @throws InvalidInputError, BlocklistError NOT_FOUND if the account does not exist.
 */
export async function createBroadcast(
  storage: Storage,
  spec: BroadcastSpec,
): Promise<{ readonly broadcastId: string }> {
  const { accountKey, campaignReference, channel, sender, ...message } = parseBroadcastSpec(spec);
  const account = await storage.accounts.get(accountKey);
  const streamId = await storage.streams.id({ accountId: account.id, channel, sender, campaign: campaignReference });
  const created = await storage.db.query<{ key: string }>(
    `insert into broadcasts (stream_id, text, subject, messages_per_second, valid_for_seconds, valid_until, status)
     values ($1, $2, $3, $4, $5, 'infinity', 'LOADING')
     returning key`,
    [
      streamId,
      message.text,
      message.subject ?? null,
      message.messagesPerSecond ?? null,
      message.validForSeconds ?? null,
    ],
  );
  return { broadcastId: created.rows[0]?.key ?? '' };
}

/**
 * The audience is complete: sending may begin, and validity counts from now. Asked again it changes nothing.
 * @returns the status in force: RUNNING, or what was asked of the broadcast since.
 */
export async function startable(storage: Storage, broadcastId: string): Promise<BroadcastStatus> {
  await storage.db.query(
    `update broadcasts
     set status = 'RUNNING',
       valid_until = coalesce(clock_timestamp() + make_interval(secs => valid_for_seconds), 'infinity')
     where key = $1 and status = 'LOADING'`,
    [checkedId(broadcastId)],
  );
  return readStatus(storage.db, broadcastId);
}

/** From which states each one can be reached; the others stay as they are. */
const REACHED_FROM: Readonly<Record<Exclude<BroadcastStatus, 'LOADING'>, readonly BroadcastStatus[]>> = {
  RUNNING: ['PAUSED'],
  PAUSED: ['RUNNING'],
  FINISHED: ['RUNNING'],
  CANCELLED: ['LOADING', 'RUNNING', 'PAUSED'],
};

/**
 * Change the status where that is possible: pages notice between two calls of the provider. A broadcast is FINISHED only
 * when every page is done and nothing is held; what is FINISHED or CANCELLED stays so.
 * @returns the status in force afterwards.
 */
export async function setBroadcastStatus(
  storage: Storage,
  broadcastId: string,
  status: Exclude<BroadcastStatus, 'LOADING'>,
): Promise<BroadcastStatus> {
  await storage.db.query(
    `update broadcasts b
     set status = $2, finished_at = case when $2 in ('FINISHED', 'CANCELLED') then clock_timestamp() end
     where b.key = $1
       and b.status = any ($3)
       and ($2 <> 'FINISHED' or not exists (
         select from broadcast_pages p
         where p.broadcast_id = b.id
           and (not p.done or coalesce((p.counts ->> 'held')::integer, 0) > 0)))`,
    [checkedId(broadcastId), status, REACHED_FROM[status]],
  );
  return readStatus(storage.db, broadcastId);
}

/** As the HTTP interface shows it; while its audience is being loaded a broadcast counts as running. */
export async function broadcastStatus(
  storage: Storage,
  broadcastId: string,
): Promise<{
  readonly accountKey: string;
  readonly status: Exclude<BroadcastStatus, 'LOADING'>;
  readonly counts: BroadcastCounts;
}> {
  const { accountKey, status, counts } = await readProgress(storage.db, broadcastId);
  return { accountKey, status: status === 'LOADING' ? 'RUNNING' : status, counts };
}

export async function readStatus(db: Queryable, broadcastId: string): Promise<BroadcastStatus> {
  const found = await db.query<{ status: BroadcastStatus }>('select status from broadcasts where key = $1', [
    checkedId(broadcastId),
  ]);
  return found.rows[0]?.status ?? unknownBroadcast();
}

/** Relies on the primary key of broadcast_pages; the contacts stay where they are (TOAST). */
export async function readProgress(db: Queryable, broadcastId: string): Promise<BroadcastProgress> {
  const found = await db.query<Omit<BroadcastProgress, 'campaignReference'> & { campaign: string | null }>(
    `select b.status, b.messages_per_second is not null as "isLimited", a.key as "accountKey", c.reference as campaign,
       pages.pages, coalesce(pages."openPages", '{}') as "openPages",
       jsonb_build_object('audience', b.audience) || pages.counts as counts
     from broadcasts b
     join streams st on st.id = b.stream_id
     join accounts a on a.id = st.account_id
     left join campaigns c on c.id = st.campaign_id
     cross join lateral (
       select count(*)::integer as pages,
         array_agg(p.page order by p.page) filter (
           where p.counts <> '{}' and (not p.done or (p.counts ->> 'held')::integer > 0)) as "openPages",
         jsonb_build_object(
           'permitted', coalesce(sum((p.counts ->> 'permitted')::integer), 0),
           'sent', coalesce(sum((p.counts ->> 'sent')::integer), 0),
           'blocked', coalesce(sum((p.counts ->> 'blocked')::integer), 0),
           'held', coalesce(sum((p.counts ->> 'held')::integer), 0),
           'failed', coalesce(sum((p.counts ->> 'failed')::integer), 0)) as counts
       from broadcast_pages p
       where p.broadcast_id = b.id
     ) pages
     where b.key = $1`,
    [checkedId(broadcastId)],
  );
  const { campaign, ...progress } = found.rows[0] ?? unknownBroadcast();
  return { ...progress, ...(campaign === null ? {} : { campaignReference: campaign }) };
}

/** What the messages of a broadcast have in common. */
export interface BroadcastMessage {
  readonly id: string;
  readonly streamId: number;
  readonly text: string;
  readonly subject?: string;
  readonly messagesPerSecond?: number;
  /** How long a message claimed now is valid; 0 when the time of the whole broadcast is over. */
  readonly validForSeconds: number;
  /** True if the whole broadcast has an end, so that later claims are valid for less. */
  readonly hasEnd: boolean;
}

export async function readBroadcast(db: Queryable, broadcastId: string): Promise<BroadcastMessage> {
  const found = await db.query<{
    id: string;
    streamId: number;
    text: string;
    subject: string | null;
    messagesPerSecond: number | null;
    validForSeconds: number;
    hasEnd: boolean;
  }>(
    `select id, stream_id as "streamId", text, subject, messages_per_second as "messagesPerSecond",
       valid_until <> 'infinity' as "hasEnd",
       case
         when valid_until = 'infinity' then $2::double precision
         else greatest(extract(epoch from valid_until - clock_timestamp()), 0)::double precision
       end as "validForSeconds"
     from broadcasts where key = $1`,
    [checkedId(broadcastId), DEFAULT_VALIDITY_SECONDS],
  );
  const { subject, messagesPerSecond, ...row } = found.rows[0] ?? unknownBroadcast();
  return {
    ...row,
    ...(subject === null ? {} : { subject }),
    ...(messagesPerSecond === null ? {} : { messagesPerSecond }),
  };
}

export interface BroadcastPage {
  readonly contactIds: readonly string[];
  /** True once counts were written: some of its messages may exist. */
  readonly isBegun: boolean;
}

/** @throws BlocklistError NOT_FOUND */
export async function readPage(db: Queryable, id: string, page: number): Promise<BroadcastPage> {
  // As one text: a driver that parses five thousand array elements one by one takes longer than the query.
  const found = await db.query<{ contacts: string; isBegun: boolean }>(
    `select array_to_string(contacts, ',') as contacts, counts <> '{}' as "isBegun"
     from broadcast_pages where broadcast_id = $1 and page = $2`,
    [id, page],
  );
  const row = found.rows[0];
  if (row === undefined) throw new BlocklistError('NOT_FOUND', `The broadcast has no page ${page}.`);
  return { contactIds: row.contacts === '' ? [] : row.contacts.split(','), isBegun: row.isBegun };
}

/**
 * A page that is done stays so, and fewer and fewer of its messages are held: what a worker that was thought dead knew of its
 * course must not hide how it ended.
 */
export async function writePageCounts(
  db: Queryable,
  id: string,
  page: number,
  counts: PageCounts,
  isDone: boolean,
): Promise<void> {
  await db.query(
    `update broadcast_pages set counts = $3, done = $4
     where broadcast_id = $1
       and page = $2
       and (not done or $4 and (counts ->> 'held')::integer >= ($3::jsonb ->> 'held')::integer)`,
    [id, page, JSON.stringify(counts), isDone],
  );
}
