// The protocol with one rule taken out, each in a database of its own made from the product's migrations. Only the
// test's copy of the SQL, or of the hand-over, is changed; nothing in the product can be.
import type { Migration } from '../../src/storage/migrate.js';
import type { Property } from './model.js';
import type { SCRIPTS } from './scripts.js';

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
  /** Where that shows. */
  readonly script: keyof typeof SCRIPTS;
  readonly edits?: readonly Edit[];
  /** Of activities/hand-over.ts. */
  readonly handOver?: Omit<Edit, 'of'>;
  readonly barrier?: boolean;
}

/**
 * The critical moments can be held open: between looking at entries and writing the permit, and between taking permits
 * back and committing that. With this the sound protocol has to pass as well.
 */
export const PAUSES: readonly Edit[] = [
  {
    of: 2,
    find: '  -- What holds the whole stream, if anything does.\n',
    put: "  perform race_pause('decided');\n",
  },
  {
    of: 5,
    find: '  perform blocklist_tell_flows(v_written);\n\n  return query\n',
    put: "  perform blocklist_tell_flows(v_written);\n  perform race_pause('written');\n  return query\n",
  },
];

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no lock',
    breaks: 'silence',
    script: 'optOutWithin',
    edits: [
      { of: 3, find: 'order by id for key share', put: 'order by id' },
      { of: 3, find: 'order by id for no key update', put: 'order by id' },
    ],
  },
  {
    name: 'lock in one statement with the check',
    breaks: 'silence',
    script: 'optOutWithin',
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
    script: 'optOutWithin',
    edits: [{ of: 5, find: 'order by id for update', put: 'order by id for no key update' }],
  },
  {
    name: 'no fence',
    breaks: 'silence',
    script: 'optOutBetween',
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
    script: 'zombie',
    edits: [{ of: 4, find: '      and s.attempt = a.attempt\n', put: '' }],
  },
  {
    name: 'fence blind to halts',
    breaks: 'halt',
    script: 'halted',
    edits: [{ of: 4, find: 'if exists (select from halts where resumed_at is null) then', put: 'if false then' }],
  },
  {
    name: 'refusal forgets the opt-out',
    breaks: 'silence',
    script: 'refused',
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
    script: 'replyBetween',
    edits: [{ of: 6, find: "s.state in ('claimed', 'dispatching')", put: 'false', times: 2 }],
  },
  {
    name: 'no hold at the claim',
    breaks: 'unread reply',
    script: 'replyBefore',
    edits: [{ of: 2, find: "i.state in ('unread', 'review')", put: 'false' }],
  },
  {
    name: 'no barrier',
    breaks: 'silence',
    script: 'inDispatch',
    barrier: false,
  },
  {
    name: 'no unique key',
    breaks: 'once',
    script: 'sameKey',
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
    script: 'domainWithin',
    edits: [{ of: 3, find: 'perform pg_advisory_xact_lock_shared(1, bucket)', put: 'perform bucket' }],
  },
  {
    name: 'parent account ignored at the claim',
    breaks: 'silence',
    script: 'optOutBefore',
    edits: [{ of: 2, find: 'select a.ancestors, s.channel', put: 'select array[a.id], s.channel' }],
  },
  {
    name: 'parent account ignored at the opt-out',
    breaks: 'silence',
    script: 'optOutBetween',
    edits: [{ of: 5, find: 'and p_account = any (a.ancestors)', put: 'and p_account = a.id' }],
  },
  {
    name: 'sender key ignored at the claim',
    breaks: 'silence',
    script: 'senderBefore',
    edits: [{ of: 2, find: 'e.sender_key = p_sender_key', put: 'e.sender = p_sender_key', times: 2 }],
  },
  {
    name: 'sender key ignored at the opt-out',
    breaks: 'silence',
    script: 'senderBetween',
    edits: [{ of: 5, find: 'p_sender_key = s.sender_key', put: 'p_sender_key = s.sender' }],
  },
  {
    name: 'unordered locks',
    breaks: 'deadlock',
    script: 'ofTwoWithin',
    edits: [
      {
        of: 3,
        find: '  if p_serialise then\n',
        put: `  declare
    v_one bigint;
  begin
    for v_one in select c from unnest(p_contacts) c order by c desc loop
      perform from contact_points where id = v_one for key share;
      perform race_pause('half-locked');
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
    script: 'tie',
    edits: [{ of: 9, find: 'e.last_received_at < a."receivedAt"', put: 'e.last_received_at <= a."receivedAt"' }],
  },
  {
    name: 'no clock check before the call',
    breaks: 'silence',
    script: 'tooLate',
    handOver: { find: 'if (performance.now() > startBy) {', put: 'if (false) {' },
  },
  {
    name: 'window counted from the answer of the fence',
    breaks: 'silence',
    script: 'tooLate',
    handOver: {
      find: `  const startBy = performance.now() + permits.windowMs * START_WITHIN;
  const fenced = await permits.fence(batch.rootId, batch.permitIds);
`,
      put: `  const fenced = await permits.fence(batch.rootId, batch.permitIds);
  const startBy = performance.now() + permits.windowMs * START_WITHIN;
`,
    },
  },
  {
    name: 'rate limiter between fence and call',
    breaks: 'silence',
    script: 'afterTheClock',
    handOver: {
      find: '    answers = await provider.send(',
      put: `    await new Promise((resolve) => setTimeout(resolve, 25 * permits.windowMs));
    answers = await provider.send(`,
    },
  },
  {
    name: 'settling that does not name its own attempt',
    breaks: 'once',
    script: 'zombie',
    handOver: { find: 'attempt: row.attempt,', put: 'attempt: row.attempt + 1,' },
  },
  {
    name: 'lost answer taken for a refusal',
    breaks: 'once',
    script: 'lostAnswer',
    handOver: { find: "      return 'unknown';", put: "      return 'claimed';" },
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
