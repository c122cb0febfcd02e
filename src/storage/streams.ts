// Streams: what many sends have in common (account, channel, sender, purpose, campaign, kind), kept once.
import type { SendingChannel } from '../domain/channel.js';
import type { Purpose } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Queryable } from './database.js';

export interface StreamSpec {
  readonly accountId: number;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly purpose?: Purpose;
  readonly campaign?: string;
  readonly kind?: 'message' | 'confirmation';
  /** True for answers that nobody wrote: no reply is about them. */
  readonly automatic?: boolean;
}

export interface Streams {
  id(spec: StreamSpec): Promise<number>;
  /** The id of a campaign reference within an account; created when new. */
  campaignId(accountId: number, reference: string): Promise<number>;
}

/** Rows of both tables are never changed or deleted, so ids may be remembered; the memory is bounded. */
const REMEMBERED = 20_000;

export function streamStore(db: Queryable): Streams {
  const ids = new Map<string, number>();

  const upsert = async (key: string, find: string, insert: string, values: readonly unknown[]): Promise<number> => {
    const remembered = ids.get(key);
    if (remembered !== undefined) return remembered;
    const read = async (): Promise<number | undefined> => (await db.query<{ id: number }>(find, values)).rows[0]?.id;
    let id = await read();
    if (id === undefined) {
      await db.query(insert, values);
      id = await read();
    }
    if (id === undefined) throw new Error('a row just inserted cannot be read');
    if (ids.size >= REMEMBERED) ids.clear();
    ids.set(key, id);
    return id;
  };

  const campaignId = (accountId: number, reference: string): Promise<number> =>
    upsert(
      JSON.stringify(['campaign', accountId, reference]),
      'select id from campaigns where account_id = $1 and reference = $2',
      'insert into campaigns (account_id, reference) values ($1, $2) on conflict do nothing',
      [accountId, reference],
    );

  return {
    campaignId,
    async id(spec) {
      const campaign = spec.campaign === undefined ? null : await campaignId(spec.accountId, spec.campaign);
      const values = [
        spec.accountId,
        spec.channel,
        spec.sender,
        senderKey(spec.sender),
        spec.purpose ?? 'MARKETING',
        spec.kind ?? 'message',
        campaign,
        spec.automatic ?? false,
      ];
      return upsert(
        JSON.stringify(['stream', ...values]),
        `select id from streams
         where account_id = $1 and channel = $2 and sender = $3 and sender_key = $4 and purpose = $5 and kind = $6
           and coalesce(campaign_id, 0) = coalesce($7::integer, 0) and automatic = $8`,
        `insert into streams (account_id, channel, sender, sender_key, purpose, kind, campaign_id, automatic)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
        values,
      );
    },
  };
}
