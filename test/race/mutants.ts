// The protocol with one rule taken out, each in a database of its own made from the product's migrations. Only the
// test's copy of the SQL is changed; nothing in the product can be.
import type { Migration } from '../../src/storage/migrate.js';
import { SOUND_CALLER, WINDOW_MS, type CallerRules } from './caller.js';
import { CHANGES_OF_MIND, CROWD, DOMAINS, EVERYTHING, HALTS, REPLIES, SENDERS, ZOMBIES, type Focus } from './focus.js';
import type { Property } from './model.js';

export interface Edit {
  /** Migration's number. */
  readonly of: number;
  readonly find: string;
  readonly put: string;
  /** How often `find` has to be there. Default once. */
  readonly times?: number;
}

export interface Mutant {
  readonly name: string;
  /** What it breaks, at the least. */
  readonly breaks: Property;
  readonly edits: readonly Edit[];
  readonly rules?: CallerRules;
  readonly focus: Focus;
}

/**
 * Hold the critical moments open for some milliseconds: between looking at entries and writing the permit, and between
 * taking permits back and committing that. With these the sound protocol has to pass as well.
 */
export const WIDER_WINDOWS: readonly Edit[] = [
  {
    of: 2,
    find: '  -- What holds the whole stream, if anything does.\n',
    put: '  perform pg_sleep(random() * 0.005);\n',
  },
  {
    of: 5,
    find: '  perform blocklist_tell_flows(v_written);\n\n  return query\n',
    put: '  perform blocklist_tell_flows(v_written);\n  perform pg_sleep(random() * 0.005);\n  return query\n',
  },
];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no lock',
    breaks: 'silence',
    focus: CROWD,
    edits: [
      { of: 3, find: 'order by id for key share', put: 'order by id' },
      { of: 3, find: 'order by id for no key update', put: 'order by id' },
    ],
  },
  {
    name: 'lock in one statement with the check',
    breaks: 'silence',
    focus: CROWD,
    edits: [
      // Functions that are stable look with the eyes of the statement that calls them, opened before the lock was there.
      { of: 3, find: '  perform blocklist_lock_for_claim(v_root, p_contacts, p_cap is not null);\n', put: '' },
      {
        of: 3,
        find: '    order by d.id\n    on conflict do nothing\n',
        put: `    where blocklist_lock_for_claim(v_root, p_contacts, p_cap is not null) is not null
    order by d.id
    on conflict do nothing
`,
      },
      { of: 2, find: 'language plpgsql\n', put: 'language plpgsql stable\n' },
      { of: 2, find: 'language plpgsql rows 1000\n', put: 'language plpgsql stable rows 1000\n' },
    ],
  },
  {
    name: 'weaker lock of the opt-out',
    breaks: 'silence',
    focus: CROWD,
    edits: [{ of: 5, find: 'order by id for update', put: 'order by id for no key update' }],
  },
  {
    name: 'no fence',
    breaks: 'silence',
    focus: EVERYTHING,
    edits: [
      {
        of: 4,
        find: `        on_return = null
      from (select distinct asked as id from unnest(p_ids) asked order by asked) o
      where s.id = o.id
        and s.state = 'claimed'
`,
        put: `        on_return = null, hold_reason = null, held_until = null
      from (select distinct asked as id from unnest(p_ids) asked order by asked) o
      where s.id = o.id
`,
      },
    ],
  },
  {
    name: 'fence without attempt',
    breaks: 'once',
    focus: ZOMBIES,
    edits: [{ of: 4, find: '      and s.attempt = a.attempt\n', put: '' }],
  },
  {
    name: 'fence blind to halts',
    breaks: 'halt',
    focus: HALTS,
    edits: [{ of: 4, find: 'if exists (select from halts where resumed_at is null) then', put: 'if false then' }],
  },
  {
    name: 'refusal forgets the opt-out',
    breaks: 'silence',
    focus: ZOMBIES,
    edits: [
      {
        of: 4,
        find: "          when s.on_return = 'revoke' then case when s.in_doubt then 'unknown' else 'revoked' end\n",
        put: '',
      },
    ],
  },
  {
    name: 'no hold when the reply comes',
    breaks: 'unread reply',
    focus: REPLIES,
    edits: [{ of: 6, find: "s.state in ('claimed', 'dispatching')", put: 'false', times: 2 }],
  },
  {
    name: 'no hold at the claim',
    breaks: 'unread reply',
    focus: REPLIES,
    edits: [{ of: 2, find: "i.state in ('unread', 'review')", put: 'false' }],
  },
  {
    name: 'no barrier',
    breaks: 'silence',
    focus: { ...CROWD, beforeCallMs: 20 },
    edits: [],
    rules: { ...SOUND_CALLER, barrier: false },
  },
  {
    name: 'no local clock',
    breaks: 'silence',
    focus: { ...ZOMBIES, beforeCallMs: 2 * WINDOW_MS },
    edits: [],
    rules: { ...SOUND_CALLER, clock: false },
  },
  {
    name: 'no unique key',
    breaks: 'once',
    focus: EVERYTHING,
    edits: [
      { of: 1, find: 'create table sends (\n  id uuid primary key,', put: 'create table sends (\n  id uuid not null,' },
      {
        of: 1,
        find: 'create index sends_of_contact',
        put: 'create index sends_id on sends (id);\ncreate index sends_of_contact',
      },
    ],
  },
  {
    name: 'no domain lock',
    breaks: 'order',
    focus: DOMAINS,
    edits: [{ of: 3, find: 'perform pg_advisory_xact_lock_shared(1, bucket)', put: 'perform bucket' }],
  },
  {
    name: 'parent account ignored at the claim',
    breaks: 'silence',
    focus: EVERYTHING,
    edits: [{ of: 2, find: 'select a.ancestors, s.channel', put: 'select array[a.id], s.channel' }],
  },
  {
    name: 'parent account ignored at the opt-out',
    breaks: 'silence',
    focus: CROWD,
    edits: [{ of: 5, find: 'and p_account = any (a.ancestors)', put: 'and p_account = a.id' }],
  },
  {
    name: 'sender key ignored at the claim',
    breaks: 'silence',
    focus: SENDERS,
    edits: [{ of: 2, find: 'e.sender_key = p_sender_key', put: 'e.sender = p_sender_key', times: 2 }],
  },
  {
    name: 'sender key ignored at the opt-out',
    breaks: 'silence',
    focus: SENDERS,
    edits: [{ of: 5, find: 'p_sender_key = s.sender_key', put: 'p_sender_key = s.sender' }],
  },
  {
    name: 'unordered locks',
    breaks: 'deadlock',
    focus: CROWD,
    edits: [
      {
        of: 3,
        find: '  if p_serialise then\n',
        put: `  declare
    v_one bigint;
  begin
    for v_one in select c from unnest(p_contacts) c order by random() loop
      perform from contact_points where id = v_one for key share;
      perform pg_sleep(random() * 0.003);
    end loop;
  end;
  if p_serialise then
`,
      },
    ],
  },
  {
    name: 'opt-in tie allowed',
    breaks: 'ledger',
    focus: CHANGES_OF_MIND,
    edits: [{ of: 5, find: 'e.last_received_at < a."receivedAt"', put: 'e.last_received_at <= a."receivedAt"' }],
  },
];

/** The product's migrations with these edits made. Throws if one does not fit, so that no mutant is left unmade. */
export function edited(migrations: readonly Migration[], edits: readonly Edit[]): Migration[] {
  const result = new Map(migrations.map((migration) => [migration.number, migration]));
  for (const { of, find, put, times = 1 } of edits) {
    const migration = result.get(of);
    const found = migration?.sql.split(find).length ?? 1;
    if (migration === undefined || found - 1 !== times) {
      throw new Error(`migration ${of} holds the text to be changed ${found - 1} times, not ${times}: ${find}`);
    }
    result.set(of, { ...migration, sql: migration.sql.replaceAll(find, put) });
  }
  return [...result.values()];
}
