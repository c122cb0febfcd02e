// Reading sends one by one. Claims and their changes are in permits.ts.
import type { SendingChannel } from '../domain/channel.js';
import { BlocklistError } from '../domain/errors.js';
import type { HoldReason, MessageState } from '../domain/outcome.js';
import type { Purpose } from '../domain/scope.js';
import type { Queryable } from './database.js';

/** What a stream says about each of its messages. */
export interface StreamFacts {
  readonly streamId: number;
  readonly accountId: number;
  readonly rootId: number;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly purpose: Purpose;
  readonly kind: 'message' | 'confirmation';
  readonly campaignId?: number;
  readonly campaign?: string;
}

/** A permit with what its stream says. */
export interface StoredSend extends StreamFacts {
  readonly id: string;
  readonly contactId: string;
  readonly state: MessageState;
  readonly blockedBy: string | null;
  readonly holdReason: HoldReason | null;
  readonly settledAt: Date | null;
}

type Nullable<T> = Omit<T, 'campaign' | 'campaignId'> & {
  readonly campaign: string | null;
  readonly campaignId: number | null;
};

const STREAM_COLUMNS = `st.id as "streamId", st.account_id as "accountId", a.root_id as "rootId", st.channel, st.sender,
  st.purpose, st.kind, st.campaign_id as "campaignId", c.reference as campaign`;

/** @throws BlocklistError NOT_FOUND: there is no such permit, so nothing may be sent. */
export async function readSend(db: Queryable, permitId: string): Promise<StoredSend> {
  const found = await db.query<Nullable<StoredSend>>(
    `select s.id, s.contact_id as "contactId", s.state, s.blocked_by as "blockedBy", s.hold_reason as "holdReason",
       s.settled_at as "settledAt", ${STREAM_COLUMNS}
     from sends s
     join streams st on st.id = s.stream_id
     join accounts a on a.id = st.account_id
     left join campaigns c on c.id = st.campaign_id
     where s.id = $1`,
    [permitId],
  );
  const row = found.rows[0];
  if (row === undefined) throw new BlocklistError('NOT_FOUND', `There is no permit ${permitId}: nothing may be sent.`);
  return withoutNulls(row);
}

/** @throws BlocklistError NOT_FOUND */
export async function readStream(db: Queryable, streamId: number): Promise<StreamFacts> {
  const found = await db.query<Nullable<StreamFacts>>(
    `select ${STREAM_COLUMNS}
     from streams st
     join accounts a on a.id = st.account_id
     left join campaigns c on c.id = st.campaign_id
     where st.id = $1`,
    [streamId],
  );
  const row = found.rows[0];
  if (row === undefined) throw new BlocklistError('NOT_FOUND', `There is no stream ${streamId}.`);
  return withoutNulls(row);
}

function withoutNulls<T extends { readonly campaign: string | null; readonly campaignId: number | null }>(row: T) {
  const { campaign, campaignId, ...rest } = row;
  return {
    ...rest,
    ...(campaign === null ? {} : { campaign }),
    ...(campaignId === null ? {} : { campaignId }),
  };
}
