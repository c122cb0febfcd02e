// Presses of opt-out links that follow each other faster than people press: honoured like any other, and kept together, so
// that an operator can take them back as one.
import { createHmac } from 'node:crypto';
import { BlocklistError } from '../domain/errors.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';
import { liftAdded } from './lift-added.js';
import { withoutNulls } from './without-nulls.js';

export interface LinkBurst {
  readonly id: string;
  readonly accountKey: string;
  /** What the presses have in common: one address, one user agent, or each came within a second of its message. */
  readonly kind: 'ADDRESS' | 'INSTANT' | 'USER_AGENT';
  readonly beganAt: Date;
  readonly lastAt: Date;
  readonly presses: number;
  readonly reversedAt?: Date;
  readonly reversedBy?: string;
  /** Entries that the reversal lifted. */
  readonly lifted: number;
}

/** Presses so close to each other belong together. */
const WITHIN_SECONDS = 10;
/** So many people make a burst, by kind. Many people share a user agent; nobody shares an address for so few seconds. */
const PEOPLE = { ADDRESS: 5, INSTANT: 5, USER_AGENT: 20 } as const;

/** Where a press came from. Kept as keyed hashes for an hour, or as long as the burst it belongs to. */
export interface PressOrigin {
  readonly address?: string;
  readonly userAgent?: string;
}

/** After a press that added an entry. Returns the burst it belongs to, if it does. */
export async function notePress(
  db: Database,
  key: Buffer,
  eventId: string,
  at: Date,
  { address, userAgent }: PressOrigin,
): Promise<string | undefined> {
  const hash = (kind: keyof typeof PEOPLE, text: string | undefined): Buffer | null =>
    text === undefined ? null : createHmac('sha256', key).update(`press ${kind}\0${text}`).digest().subarray(0, 16);
  const noted = await db.transaction((tx) =>
    tx.query<{ burst: string | null }>(
      'select blocklist_note_press($1, $2, $3, $4, make_interval(secs => $5), $6::integer[]) as burst',
      [
        eventId,
        at.toISOString(),
        hash('ADDRESS', address),
        hash('USER_AGENT', userAgent),
        WITHIN_SECONDS,
        [PEOPLE.ADDRESS, PEOPLE.INSTANT, PEOPLE.USER_AGENT],
      ],
    ),
  );
  return noted.rows[0]?.burst ?? undefined;
}

/** Of the account and those below it, the newest first. */
export async function listBursts(db: Queryable, account: Account, limit = 100): Promise<readonly LinkBurst[]> {
  return read(db, account, 'true', [limit]);
}

/** @throws BlocklistError NOT_FOUND */
async function readBurst(db: Queryable, account: Account, id: string): Promise<LinkBurst> {
  const [burst] = /^[1-9]\d{0,17}$/.test(id) ? await read(db, account, 'b.id = $3', [1, id]) : [];
  if (burst === undefined) throw new BlocklistError('NOT_FOUND', 'There is no such burst of presses.');
  return burst;
}

async function read(
  db: Queryable,
  account: Account,
  condition: string,
  values: readonly unknown[],
): Promise<readonly LinkBurst[]> {
  const found = await db.query(
    `select b.id, a.key as "accountKey", b.kind, b.began_at as "beganAt", b.last_at as "lastAt",
       (select count(*)::integer from link_presses p where p.burst_id = b.id) as presses,
       b.reversed_at as "reversedAt", b.reversed_by as "reversedBy", b.lifted
     from link_bursts b
     join accounts a on a.id = b.account_id
     where $1 = any (a.ancestors) and ${condition}
     order by b.id desc
     limit $2`,
    [account.id, ...values],
  );
  return found.rows.map((row) => withoutNulls<LinkBurst>(row));
}

/**
 * Take the presses of a burst back: exactly the entries that they made, where nothing came since, neither a line of the
 * ledger about the person nor a reply that nobody has read. Repeatable.
 * @throws BlocklistError NOT_FOUND
 */
export async function reverseBurst(db: Database, account: Account, id: string, actor: string): Promise<LinkBurst> {
  await readBurst(db, account, id);
  // First of all: a press that comes now begins a burst of its own.
  await db.query(
    `update link_bursts set reversed_at = clock_timestamp(), reversed_by = $2 where id = $1 and reversed_at is null`,
    [id, actor],
  );
  const lifted = await liftAdded(
    db,
    async (after, limit) => {
      const page = await db.query<{ id: string }>(
        'select event_id as id from link_presses where burst_id = $1 and event_id > $2 order by event_id limit $3',
        [id, after, limit],
      );
      return page.rows.map((row) => row.id);
    },
    { strict: true, actor, evidence: { burst: id } },
  );
  await db.query('update link_bursts set lifted = lifted + $2 where id = $1', [id, lifted]);
  return readBurst(db, account, id);
}
