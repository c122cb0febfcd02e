// Whatever claims, dispatches, replies, opt-outs, opt-ins, halts, retries and crashes meet, on real Postgres with real
// concurrency and the product's own code: the promise holds. And with any one of its rules taken out, this very test
// finds it broken.
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { deadlocksOf, openArena } from './race/arena.js';
import { SOUND_CALLER, type CallerRules } from './race/caller.js';
import { schedules } from './race/draw-schedules.js';
import { EVERYTHING, FOCUSES, type Focus } from './race/focus.js';
import { MUTANTS, type Mutant } from './race/mutants.js';
import { mutatedHandOver } from './race/mutated-hand-over.js';
import { scriptOf } from './race/play.js';
import type { RaceDatabase } from './race/race-database.js';
import { caughtInTheMiddle, emptyTally, GROUP, playAll, type Fault, type Tally } from './race/run.js';
import type { Schedule } from './race/schedule.js';
import { SCRIPTS } from './race/scripts.js';
import { createTestDatabase } from './support/servers.js';

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function arena(options?: Parameters<typeof openArena>[1]): Promise<RaceDatabase> {
  const database = await createTestDatabase();
  const db = await openArena(database.url, options);
  closing.push(() => db.close(), database.drop);
  return db;
}

const group = (focus: Focus): fc.Arbitrary<Schedule[]> =>
  fc.array(schedules(focus), { minLength: GROUP, maxLength: GROUP });

/** Not shrunk: what was a race once need not be one again. The story tells all there is to know. */
async function holds(db: RaceDatabase, focus: Focus, tally: Tally): Promise<void> {
  const property = fc.asyncProperty(group(focus), async (drawn) => {
    const [fault] = await playAll(db, drawn.map(scriptOf), tally);
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
  }, 180_000);

  test('the same holds with the critical moments held open', async () => {
    const db = await arena({ widen: true });
    for (const focus of [EVERYTHING, EVERYTHING]) await holds(db, focus, emptyTally());
    expect(await deadlocksOf(db)).toBe(0);
  }, 90_000);

  test('the same holds for meetings brought about on purpose', async () => {
    const db = await arena();
    const faults = await playAll(db, Object.values(SCRIPTS), emptyTally());
    expect(faults.map((fault) => `${textOf(fault)}\n${fault.story}`)).toEqual([]);
    expect(await deadlocksOf(db)).toBe(0);
  }, 90_000);
});

describe('Without one of its rules the protocol is found broken:', () => {
  test.each(MUTANTS)('$name', { timeout: 90_000 }, async (mutant) => {
    const db = await arena({ edits: mutant.edits ?? [] });
    const faults = await playAll(db, [SCRIPTS[mutant.script]], emptyTally(), await rulesOf(mutant));
    const broken = new Set(faults.flatMap(({ breaches }) => breaches.map(({ property }) => property)));
    if ((await deadlocksOf(db)) > 0) broken.add('deadlock');
    expect([...broken]).toContain(mutant.breaks);
  });

  async function rulesOf({ handOver, barrier = true }: Mutant): Promise<CallerRules> {
    return handOver === undefined
      ? { ...SOUND_CALLER, barrier }
      : { barrier, handOver: await mutatedHandOver(handOver) };
  }
});
