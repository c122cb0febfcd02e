// A log kept by triggers in the test's database: every change of a message's state, of a person's replies and of the
// ledger, numbered while the locks that order them are held. So its numbers are the order the database itself gave.
import type pg from 'pg';
import type { Queryable } from '../../src/storage/database.js';
import { PAUSE_SQL } from './gate.js';
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
  /** Of a reply its text. */
  readonly text: string | null;
  /** The operation that did it, where it has a name. */
  readonly op: Tag | null;
}

export async function installLog(db: Queryable): Promise<void> {
  await db.query(LOG_SQL);
  await db.query(PAUSE_SQL);
}

/**
 * The connection of an operation that writes opt-outs, with a line in the log between what may have come before an
 * opt-out and what came after it. People of a domain are taken back one by one, so that they are at different moments.
 */
export function markWritten(query: Queryable['query'], tag: Tag): Queryable['query'] {
  const mark = (contactIds: readonly string[]) =>
    query(`insert into race_log (contact_id, what, op) select c, 'written', $1 from unnest($2::bigint[]) c`, [
      tag,
      contactIds,
    ]);
  return async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) => {
    if (text.includes('blocklist_opt_out(')) {
      const done = await query<Row>(text, values);
      await mark((JSON.parse(String(values[0])) as { contact: string }[]).map(({ contact }) => contact));
      return done;
    }
    if (text.includes('blocklist_revoke_domain(')) {
      const [event, after] = values;
      const done = await query<Row>(text, [event, after, 1]);
      const { last } = done.rows[0] as unknown as { last: string | null };
      if (last !== null) await mark([last]);
      return done;
    }
    return query<Row>(text, values);
  };
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
  text text,
  op text default current_setting('race.tag', true)
);
create index race_log_of_contact on race_log (contact_id);

create function race_log_sends() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    insert into race_log (contact_id, what, send_id, to_state) values (new.contact_id, 'send', new.id, new.state);
  elsif new.state <> old.state or new.attempt <> old.attempt then
    insert into race_log (contact_id, what, send_id, from_state, to_state)
    values (new.contact_id, 'send', new.id, old.state, new.state);
  end if;
  return null;
end $$;
create trigger race_log_sends after insert or update on sends for each row execute function race_log_sends();

create function race_log_events() returns trigger language plpgsql as $$
begin
  insert into race_log (contact_id, what, event_id) values (new.contact_id, 'event', new.id);
  return null;
end $$;
create trigger race_log_events after insert on blocklist_events for each row execute function race_log_events();

create function race_log_inbox() returns trigger language plpgsql as $$
begin
  insert into race_log (contact_id, what, event_id, from_state, to_state, text)
  values (new.contact_id, 'reply', new.id, case when tg_op = 'UPDATE' then old.state end, new.state, new.text);
  return null;
end $$;
create trigger race_log_inbox after insert or update on inbox for each row execute function race_log_inbox();

-- What cannot be read has failed so often before that the next failure is its last.
create function race_unreadable() returns trigger language plpgsql as $$
begin
  if new.sender_key = 'unreadable' then new.tries := 4; end if;
  return new;
end $$;
create trigger race_unreadable before insert on inbox for each row execute function race_unreadable();
`;
