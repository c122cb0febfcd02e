// Whatever claims, dispatches, replies, opt-outs, opt-ins, halts, retries and crashes meet, on real Postgres with real
// concurrency: the promise holds. And with any one rule of the protocol taken out, this very test finds it broken.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { deadlocksOf, openArena } from './race/arena.js';
import { schedules } from './race/draw-schedules.js';
import { EVERYTHING, FOCUSES, type Focus } from './race/focus.js';
import { MUTANTS, WIDER_WINDOWS, type Edit, type Mutant } from './race/mutants.js';
import type { RaceDatabase } from './race/race-database.js';
import { caughtInTheMiddle, emptyTally, GROUP, playAll, type Fault, type Tally } from './race/run.js';
import type { Schedule } from './race/schedule.js';
import { createTestDatabase } from './support/servers.js';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function arena(edits: readonly Edit[] = []): Promise<RaceDatabase> {
  const database = await createTestDatabase();
  const db = await openArena(database.url, edits);
  closing.push(() => db.close(), database.drop);
  return db;
}

const group = (focus: Focus): fc.Arbitrary<Schedule[]> =>
  fc.array(schedules(focus), { minLength: GROUP, maxLength: GROUP });

/** Not shrunk: what was a race once need not be one again. The story tells all there is to know. */
async function holds(db: RaceDatabase, focus: Focus, tally: Tally): Promise<void> {
  const property = fc.asyncProperty(group(focus), async (drawn) => {
    const [fault] = await playAll(db, drawn, tally);
    if (fault !== undefined) throw new Error(`${textOf(fault)}\nfocus: ${focus.name}\n${fault.story}`);
  });
  await fc.assert(property, { numRuns: 1, endOnFailure: true });
}

const textOf = ({ breaches }: Fault): string => breaches.map(({ property, what }) => `${property}: ${what}`).join('\n');

describe('Race', () => {
  test('no provider call starts for a message whose destination’s opt-out in scope, or unread reply, was acknowledged before; every send has a place before or after each opt-out', async () => {
    const db = await arena();
    const tally = emptyTally();
    for (const focus of FOCUSES) await holds(db, focus, tally);
    console.info(`race: ${JSON.stringify(tally)}`);
    expect(await deadlocksOf(db)).toBe(0);
    // Otherwise nothing was tried: nobody was between a permit and its hand-over when the opt-out came.
    expect(caughtInTheMiddle(tally)).toBeGreaterThanOrEqual(100);
  }, 120_000);

  test('the same holds with the critical moments held open', async () => {
    const db = await arena(WIDER_WINDOWS);
    for (const focus of [EVERYTHING, EVERYTHING]) await holds(db, focus, emptyTally());
    expect(await deadlocksOf(db)).toBe(0);
  }, 60_000);
});

describe('Without one of its rules the protocol is found broken:', () => {
  // A fault once found is found: on a busy machine the moments that must meet may miss each other for a whole attempt.
  test.each(MUTANTS)('$name', { timeout: 120_000, retry: 3 }, async (mutant) => {
    const db = await arena([...mutant.edits, ...WIDER_WINDOWS]);
    expect(await interleavingsUntilFound(db, mutant)).toBeLessThanOrEqual(MOST_GROUPS * GROUP);
  });

  /** Most are found in the first group; see the numbers in the report of a run. */
  const MOST_GROUPS = 20;

  async function interleavingsUntilFound(db: RaceDatabase, { breaks, focus, rules }: Mutant): Promise<number> {
    const tally = emptyTally();
    for (let i = 0; i < MOST_GROUPS; i += 1) {
      const drawn = fc.sample(schedules(focus), { seed: i, numRuns: GROUP });
      const faults = await playAll(db, drawn, tally, rules);
      const broken = new Set(faults.flatMap(({ breaches }) => breaches.map(({ property }) => property)));
      if (db.deadlocks > 0) broken.add('deadlock');
      if (broken.has(breaks)) return tally.interleavings;
    }
    return Infinity;
  }
});
