// Everything the database holds about some stages after they were played, read at once and sorted by stage.
import type { EntryChannel } from '../../src/domain/channel.js';
import type { Covers, Source } from '../../src/domain/scope.js';
import type { Queryable } from '../../src/storage/database.js';
import type { LogRow } from './race-log.js';
import { TARGETS, type Stage } from './stage.js';

export interface SendRow {
  readonly id: string;
  readonly contactId: string;
  readonly streamId: number;
  readonly claimant: string;
  readonly state: string;
  readonly holdReason: string | null;
  readonly blockedBy: string | null;
  readonly validUntil: string;
}

interface EntryColumns {
  readonly id: string;
  readonly contactId: string;
  readonly accountId: number;
  readonly channel: EntryChannel | null;
  readonly sender: string | null;
  readonly source: Source;
  readonly covers: Covers;
  readonly complaint: boolean;
  readonly campaignId: number | null;
}

export interface EventRow extends EntryColumns {
  readonly kind: 'BLOCK' | 'UNBLOCK';
  readonly effect: 'added' | 'strengthened' | 'already' | 'removed' | 'nothing';
  readonly entryId: string | null;
  /** The operation that wrote it. */
  readonly tag: string;
  readonly at: Date;
  readonly receivedAt: Date;
  readonly inboxId: string | null;
}

export interface EntryRow extends EntryColumns {
  readonly addedAt: Date;
  readonly lastReceivedAt: Date;
}

export interface ReplyRow {
  readonly id: string;
  readonly contactId: string;
  readonly messageId: string;
  readonly state: string;
  readonly text: string;
}

export interface Records {
  readonly sends: readonly SendRow[];
  readonly log: readonly LogRow[];
  readonly events: readonly EventRow[];
  readonly entries: readonly EntryRow[];
  readonly replies: readonly ReplyRow[];
}

const QUERIES = {
  sends: `select id, contact_id as "contactId", stream_id as "streamId", claimant, state, hold_reason as "holdReason",
    blocked_by as "blockedBy", valid_until::text as "validUntil" from sends where contact_id = any ($1::bigint[])`,
  log: `select seq::integer, xid, contact_id as "contactId", what, send_id as "sendId", from_state as "from",
    to_state as "to", event_id as "eventId", text, op from race_log where contact_id = any ($1::bigint[]) order by seq`,
  events: `select e.id, e.kind, e.effect, e.contact_id as "contactId", e.account_id as "accountId", e.channel, e.sender,
    e.source, e.covers, e.complaint, e.campaign_id as "campaignId", e.entry_id as "entryId", l.op as tag, e.at,
    e.received_at as "receivedAt", e.inbox_id as "inboxId"
    from blocklist_events e join race_log l on l.event_id = e.id and l.what = 'event' and l.contact_id = e.contact_id
    where e.contact_id = any ($1::bigint[]) order by e.id`,
  entries: `select id, contact_id as "contactId", account_id as "accountId", channel, sender, source, covers, complaint,
    campaign_id as "campaignId", added_at as "addedAt", last_received_at as "lastReceivedAt"
    from blocklist_entries where contact_id = any ($1::bigint[])`,
  replies: `select id, contact_id as "contactId", message_id as "messageId", state, text
    from inbox where contact_id = any ($1::bigint[])`,
} satisfies Record<keyof Records, string>;

export async function readRecords(db: Queryable, stages: readonly Stage[]): Promise<Map<Stage, Records>> {
  const stageOf = new Map<string, Stage>();
  for (const stage of stages) for (const target of TARGETS) stageOf.set(stage.contacts[target].id, stage);
  const contacts = [...stageOf.keys()];
  const read = async <Row extends { readonly contactId: string }>(text: string): Promise<Map<Stage, Row[]>> => {
    const byStage = new Map<Stage, Row[]>(stages.map((stage) => [stage, []]));
    const found = await db.query<Row & Record<string, unknown>>(text, [contacts]);
    for (const row of found.rows) {
      const stage = stageOf.get(row.contactId);
      if (stage !== undefined) byStage.get(stage)?.push(row);
    }
    return byStage;
  };
  const [sends, log, events, entries, replies] = await Promise.all([
    read<SendRow>(QUERIES.sends),
    read<LogRow>(QUERIES.log),
    read<EventRow>(QUERIES.events),
    read<EntryRow>(QUERIES.entries),
    read<ReplyRow>(QUERIES.replies),
  ]);
  return new Map(
    stages.map((stage) => [
      stage,
      {
        sends: sends.get(stage) ?? [],
        log: log.get(stage) ?? [],
        events: events.get(stage) ?? [],
        entries: entries.get(stage) ?? [],
        replies: replies.get(stage) ?? [],
      },
    ]),
  );
}
