// Gates: a statement of the test's copy of the protocol waits at a point until the test lets it go on, so that what must
// meet does meet, however busy the machine is. A gate is an advisory lock that the test holds.
import type pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, Queryable } from '../../src/storage/database.js';
import { watchEnd } from '../support/ended.js';

/** `decided`: entries and replies were looked at, the permit not written. `half-locked`: one of several contacts is. */
export type Point = 'decided' | 'written' | 'half-locked';

/** Class of the advisory locks; the product uses 1 and 2. */
const GATES = 7000;
let keys = 0;

export class Gate {
  private constructor(
    readonly key: number,
    readonly db: Queryable,
    readonly keeper: pg.PoolClient,
  ) {}

  static async shut(db: Database): Promise<Gate> {
    const keeper = await db.connect();
    const key = (keys += 1);
    await keeper.query('select pg_advisory_lock($1, $2)', [GATES, key]);
    return new Gate(key, db, keeper);
  }

  /** Resolves when somebody stands before it, or will not come: what had to lead there is over. */
  async reached(over: Promise<unknown>): Promise<void> {
    const end = watchEnd(over);
    while (!end.isOver) {
      const found = await this.db.query<{ waits: boolean }>(
        'select exists (select from pg_locks where classid = $1 and objid = $2 and not granted) as waits',
        [GATES, this.key],
      );
      if (found.rows[0]?.waits === true) return;
      await sleep(2);
    }
  }

  async open(): Promise<void> {
    await this.keeper.query('select pg_advisory_unlock($1, $2)', [GATES, this.key]);
    this.keeper.release();
  }

  /** True if one of these server processes waits for a lock that is not a gate. */
  static async isBlockedElsewhere(db: Queryable, pids: readonly number[]): Promise<boolean> {
    const found = await db.query<{ waits: boolean }>(
      `select exists (
         select from unnest($1::integer[]) as asked(pid)
         where cardinality(pg_blocking_pids(asked.pid)) > 0
           and not exists (select from pg_locks l where l.pid = asked.pid and l.classid = $2 and not l.granted)) as waits`,
      [pids, GATES],
    );
    return found.rows[0]?.waits === true;
  }
}

/** Called by the edits of mutants.ts. Some milliseconds where the connection was opened for that. */
export const PAUSE_SQL = `
create function race_pause(p_point text) returns void language plpgsql as $$
begin
  if current_setting('race.pause_at', true) = p_point then
    perform pg_advisory_lock_shared(${GATES}, current_setting('race.gate')::integer);
    perform pg_advisory_unlock_shared(${GATES}, current_setting('race.gate')::integer);
  elsif current_setting('race.widen', true) = 'on' then
    perform pg_sleep(random() * 0.005);
  end if;
end $$;
`;
