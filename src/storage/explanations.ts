// Which entry stopped a message. Read from the ledger, so the answer stays right when the entry has been lifted since.
import type { EntryChannel } from '../domain/channel.js';
import type { Explanation } from '../domain/outcome.js';
import type { Covers, Source } from '../domain/scope.js';
import type { Queryable } from './database.js';

interface Row {
  readonly entryId: string;
  readonly source: Source;
  readonly since: Date;
  readonly accountKey: string;
  readonly covers: Covers;
  readonly channel: EntryChannel | null;
  readonly sender: string | null;
  readonly campaign: string | null;
  readonly domain: boolean;
}

/** Explanations by the id of the entry. As many ids as there may be, the plan is the same one: it is made once a connection. */
export async function explain(db: Queryable, entryIds: readonly string[]): Promise<Map<string, Explanation>> {
  if (entryIds.length === 0) return new Map();
  const found = await db.query<Row>(
    `select e.id as "entryId", e.source, e.at as since, a.key as "accountKey", e.covers, e.channel, e.sender,
       c.reference as campaign, p.kind = 'domain' as domain
     from blocklist_events e
     join accounts a on a.id = e.account_id
     join contact_points p on p.id = e.contact_id
     left join campaigns c on c.id = e.campaign_id
     where e.id = any (array(select unnest($1::bigint[])))`,
    [[...new Set(entryIds)]],
  );
  return new Map(found.rows.map((row) => [row.entryId, toExplanation(row)]));
}

function toExplanation(row: Row): Explanation {
  return {
    entryId: row.entryId,
    source: row.source,
    since: row.since.toISOString(),
    accountKey: row.accountKey,
    covers: row.covers,
    ...(row.channel === null ? {} : { channel: row.channel }),
    ...(row.sender === null ? {} : { sender: row.sender }),
    ...(row.campaign === null ? {} : { campaign: row.campaign }),
    ...(row.domain ? { domain: true as const } : {}),
  };
}
