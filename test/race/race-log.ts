// A log kept by triggers in the test's database: every change of a message's state, of a person's replies and of the
// ledger, numbered while the locks that order them are held. So its numbers are the order the database itself gave.
import type { Queryable } from '../../src/storage/database.js';
import type { Tag } from './trace.js';

export interface LogRow {
  readonly seq: number;
  readonly xid: string;
  readonly contactId: string;
  readonly what: 'send' | 'event' | 'written' | 'reply';
  readonly sendId: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly eventId: string | null;
  readonly tag: string | null;
}

export async function installLog(db: Queryable): Promise<void> {
  await db.query(LOG_SQL);
}

/** The log's line between what may have come before an opt-out and what came after it. */
export async function mark(tx: Queryable, tag: Tag, contactIds: readonly string[]): Promise<void> {
  await tx.query(`insert into race_log (contact_id, what, tag) select c, 'written', $1 from unnest($2::bigint[]) c`, [
    tag,
    contactIds,
  ]);
}

const LOG_SQL = `
create table race_log (
  seq bigint generated always as identity primary key,
  xid text not null default pg_current_xact_id()::text,
  contact_id bigint not null,
  what text not null,
  send_id uuid,
  from_state text,
  to_state text,
  event_id bigint,
  tag text
);
create index race_log_of_contact on race_log (contact_id);

create function race_log_sends() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into race_log (contact_id, what, send_id, to_state) values (new.contact_id, 'send', new.id, new.state);
  elsif new.state <> old.state or new.attempt <> old.attempt then
    insert into race_log (contact_id, what, send_id, from_state, to_state, tag)
    values (new.contact_id, 'send', new.id, old.state, new.state, new.hold_reason);
  end if;
  return null;
end $$;
create trigger race_log_sends after insert or update on sends for each row execute function race_log_sends();

create function race_log_events() returns trigger language plpgsql as $$
begin
  insert into race_log (contact_id, what, event_id, tag) values (new.contact_id, 'event', new.id, new.actor);
  return null;
end $$;
create trigger race_log_events after insert on blocklist_events for each row execute function race_log_events();

create function race_log_inbox() returns trigger language plpgsql as $$
begin
  insert into race_log (contact_id, what, event_id, from_state, to_state, tag)
  values (new.contact_id, 'reply', new.id, case when tg_op = 'UPDATE' then old.state end, new.state, new.text);
  return null;
end $$;
create trigger race_log_inbox after insert or update on inbox for each row execute function race_log_inbox();
`;
