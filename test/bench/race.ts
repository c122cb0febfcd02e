// The race test at length: ten thousand interleavings and more. One interleaving is one random schedule of concurrent
// operations over an account tree with four people, played once and checked on its own.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { createDatabase, dropDatabase } from '../../src/dev/postgres-databases.js';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { deadlocksOf, openArena } from '../race/arena.js';
import { schedules } from '../race/draw-schedules.js';
import { FOCUSES } from '../race/focus.js';
import { scriptOf } from '../race/play.js';
import { caughtInTheMiddle, emptyTally, playAll, type Tally } from '../race/run.js';

export interface BenchLine {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly ratio: number | null;
  readonly bound: number | null;
  readonly holds: boolean;
}

export interface RaceBenchOptions {
  /** A server to use; without it one is started and stopped again. */
  readonly adminUrl?: string;
  /** Default 10,000. */
  readonly interleavings?: number;
  /** Schedules are drawn from it; how they interleave is up to the machine. */
  readonly seed?: number;
  /** Told now and then how far it has come, and the whole story of the first fault. */
  readonly report?: (text: string) => void;
}

/** Larger than a property run of the tests: fewer pauses in which the last stages of a group play alone. */
const GROUP = 96;
const FEWEST_CAUGHT = 100;

export async function raceBench(options: RaceBenchOptions = {}): Promise<BenchLine[]> {
  if (options.adminUrl !== undefined) return race(options.adminUrl, options);
  const servers = new ScratchServers();
  try {
    return await race((await servers.startPostgres()).adminUrl, options);
  } finally {
    await servers.stop();
  }
}

async function race(adminUrl: string, { interleavings = 10_000, seed = Date.now(), report }: RaceBenchOptions) {
  const url = await createDatabase(adminUrl, `race_${randomBytes(6).toString('hex')}`);
  const db = await openArena(url);
  const tally = emptyTally();
  let breaches = 0;
  const startedAt = performance.now();
  try {
    for (let round = 0; tally.interleavings < interleavings; round += 1) {
      const focus = FOCUSES[round % FOCUSES.length] ?? FOCUSES[0];
      if (focus === undefined) throw new Error('there is nothing to race over');
      const numRuns = Math.min(GROUP, interleavings - tally.interleavings);
      const drawn = fc.sample(schedules(focus), { seed: seed + round, numRuns });
      const faults = await playAll(db, drawn.map(scriptOf), tally);
      if (breaches === 0 && faults[0] !== undefined)
        report?.(`race, seed ${seed}: ${JSON.stringify(faults[0], null, 1)}`);
      breaches += faults.reduce((sum, fault) => sum + fault.breaches.length, 0);
      if (round % 10 === 9) report?.(`race: ${tally.interleavings} interleavings, ${caughtInTheMiddle(tally)} caught`);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    return lines(tally, { interleavings, breaches, deadlocks: await deadlocksOf(db), seconds });
  } finally {
    await db.close();
    await dropDatabase(adminUrl, url);
  }
}

interface Found {
  readonly interleavings: number;
  readonly breaches: number;
  readonly deadlocks: number;
  readonly seconds: number;
}

function lines(tally: Tally, { interleavings, breaches, deadlocks, seconds }: Found): BenchLine[] {
  const caught = caughtInTheMiddle(tally);
  const line = (name: string, value: number, unit: string, bound: number | null, holds = true): BenchLine => ({
    name: `race: ${name}`,
    value,
    unit,
    ratio: null,
    bound,
    holds,
  });
  return [
    line(
      'interleavings played and checked',
      tally.interleavings,
      'schedules',
      interleavings,
      tally.interleavings >= interleavings,
    ),
    line('breaches of the promise', breaches, 'breaches', 0, breaches === 0),
    line('opt-outs that revoked or held a permit in use', caught, 'opt-outs', FEWEST_CAUGHT, caught >= FEWEST_CAUGHT),
    line('other replies that held one', tally.heldByOthers, 'replies', null),
    line('provider calls started', tally.calls, 'messages', null),
    line('deadlocks', deadlocks, 'deadlocks', 0, deadlocks === 0),
    line('rate', Math.round((tally.interleavings / seconds) * 10) / 10, 'interleavings/s', null),
  ];
}
