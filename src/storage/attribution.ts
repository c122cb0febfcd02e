// What an opt-out of a flow is tied to: the message and the reply it names, if they are that person's.
import type { SendingChannel } from '../domain/channel.js';
import type { Queryable } from './database.js';

export interface Attribution {
  readonly sendId?: string;
  readonly inboxId?: string;
  readonly campaign?: string;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  /** When the reply came, where there is one. */
  readonly receivedAt?: Date;
}

/** Ids that do not belong to the contact are ignored: evidence that is not the person's own proves nothing. */
export async function attribute(
  db: Queryable,
  about: { readonly contactId: string; readonly rootId: number; readonly permitId?: string; readonly inboxId?: string },
): Promise<Attribution> {
  const found = await db.query<{
    sendId: string | null;
    inboxId: string | null;
    campaign: string | null;
    channel: SendingChannel | null;
    sender: string | null;
    receivedAt: Date | null;
  }>(
    `select s.id as "sendId", i.id as "inboxId", c.reference as campaign, coalesce(st.channel, i.channel) as channel,
       coalesce(st.sender, i.sender) as sender, i.received_at as "receivedAt"
     from contact_points p
     left join inbox i on i.id = $3 and i.contact_id = p.id
     left join sends s on s.id = $2 and s.contact_id = p.id
     left join streams st on st.id = s.stream_id
     left join campaigns c on c.id = st.campaign_id
     where p.id = $1 and p.root_id = $4`,
    [about.contactId, about.permitId ?? null, about.inboxId ?? null, about.rootId],
  );
  const row = found.rows[0];
  if (row === undefined) return {};
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Attribution;
}
