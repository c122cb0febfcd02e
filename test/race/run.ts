// Runs scripts, many stages at a time, and counts what was caught in the middle. One schedule played on its own stage
// and checked on its own is one interleaving.
import { SOUND_CALLER, validitySeconds, WINDOW_MS, type CallerRules } from './caller.js';
import { checkRecords } from './check-records.js';
import { checkTrace } from './check-trace.js';
import type { Breach } from './model.js';
import { play, type Played, type Script } from './play.js';
import type { RaceDatabase } from './race-database.js';
import { readRecords, type Records } from './records.js';
import { at, layOutStages, type Stage } from './stage.js';
import { pause } from './wait.js';

export interface Tally {
  interleavings: number;
  /** Attempts fenced, message by message. */
  fenced: number;
  /** Provider calls started; fewer than fenced where the window had passed by then. */
  calls: number;
  /** Opt-outs that took back a permit given and not yet used. */
  revoked: number;
  /** Opt-outs by reply that held such a permit. */
  held: number;
  /** Other replies that did. */
  heldByOthers: number;
}

export const emptyTally = (): Tally => ({
  interleavings: 0,
  fenced: 0,
  calls: 0,
  revoked: 0,
  held: 0,
  heldByOthers: 0,
});

export interface Fault {
  readonly breaches: readonly Breach[];
  readonly story: string;
}

/** Schedules of one property run. */
export const GROUP = 24;

/**
 * Stages in play at a time. Enough to keep two cores busy; more only makes operations wait for each other outside of the
 * database, until every dispatch misses its window.
 */
const IN_FLIGHT = 14;

export async function playAll(
  db: RaceDatabase,
  scripts: readonly Script[],
  tally: Tally,
  rules: CallerRules = SOUND_CALLER,
): Promise<Fault[]> {
  const stages = await layOutStages(db, scripts.length);
  const played: Played[] = [];
  let next = 0;
  const playOn = async (): Promise<void> => {
    for (let i = next++; i < scripts.length; i = next++) {
      played.push(await play(db, at(stages, i), at(scripts, i), rules));
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, playOn));
  // The sweep comes long after the last window has passed.
  await pause(WINDOW_MS + 5);
  await expireAbandoned(db, stages);
  const records = await readRecords(db, stages);
  await db.query('truncate race_log');
  return played.flatMap((one) => {
    const of = records.get(one.stage);
    if (of === undefined) throw new Error('a stage left no records');
    count(tally, one, of);
    const breaches = [...one.breaches, ...checkTrace(one, of), ...checkRecords(one.stage, of)];
    return breaches.length === 0 ? [] : [{ breaches, story: tell(one, of) }];
  });
}

/** The stages of a run have validities of their own, one day after the other: this ends no message of another run. */
async function expireAbandoned(db: RaceDatabase, stages: readonly Stage[]): Promise<void> {
  await db.query(
    'select blocklist_expire(now() + make_interval(secs => $1 - 43200), now() + make_interval(secs => $2 + 43200))',
    [validitySeconds(at(stages, 0)), validitySeconds(at(stages, stages.length - 1))],
  );
}

function count(tally: Tally, { trace }: Played, { log }: Records): void {
  tally.interleavings += 1;
  tally.fenced += trace.events.filter((event) => event.kind === 'fenced').length;
  tally.calls += trace.events.filter((event) => event.kind === 'call').length;
  const optOuts = new Set(log.filter((row) => row.what === 'written').map((row) => row.xid));
  const stops = new Set(
    log.filter((row) => row.what === 'reply' && row.text?.startsWith('STOP') === true).map((row) => row.xid),
  );
  const caught = (to: string): Set<string> =>
    new Set(log.filter((row) => row.what === 'send' && row.from === 'claimed' && row.to === to).map((row) => row.xid));
  for (const xid of caught('revoked')) if (optOuts.has(xid)) tally.revoked += 1;
  const replies = new Set(log.filter((row) => row.what === 'reply' && row.from === null).map((row) => row.xid));
  for (const xid of caught('held')) {
    if (!replies.has(xid)) continue;
    if (stops.has(xid)) tally.held += 1;
    else tally.heldByOthers += 1;
  }
}

/** Opt-outs, by whatever way, that caught a message between its permit and its hand-over. */
export const caughtInTheMiddle = ({ revoked, held }: Tally): number => revoked + held;

/** What a reader needs to understand a fault: the schedule, what was seen, and what the database did. */
function tell({ script, trace, stage }: Played, { log }: Records): string {
  return [
    `stage ${JSON.stringify({ contacts: Object.entries(stage.contacts).map(([name, { id }]) => [name, id]) })}`,
    `messages ${JSON.stringify([...trace.messages.values()])}`,
    script.told,
    ...trace.events.map((event, i) => `${i} ${JSON.stringify(event)}`),
    ...log.map((row) => JSON.stringify(row)),
  ].join('\n');
}
