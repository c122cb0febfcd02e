// What benchmarks share: the middle of several rounds, and lines with and without a bound.
import type { BenchLine } from './race.js';

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export function plain(name: string, value: number, unit: string): BenchLine {
  return { name, value, unit, ratio: null, bound: null, holds: true };
}

/** A figure that has to be at least `bound` times the one it is compared with. */
export function atLeast(name: string, value: number, unit: string, ratio: number, bound: number): BenchLine {
  return { name, value, unit, ratio, bound, holds: ratio >= bound };
}

/** A figure that may be at most `bound` times the one it is compared with. */
export function atMost(name: string, value: number, unit: string, ratio: number, bound: number): BenchLine {
  return { name, value, unit, ratio, bound, holds: ratio <= bound };
}

/** The sides of a comparison take turns, so that noise falls on all of them; the first round only warms them up. */
export async function inTurns<Side extends string>(
  rounds: number,
  sides: Readonly<Record<Side, (round: number) => Promise<number>>>,
): Promise<Readonly<Record<Side, readonly number[]>>> {
  const names = Object.keys(sides) as Side[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Side, number[]>;
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const value = await sides[name](round);
      if (round > 0) measured[name].push(value);
    }
  }
  return measured;
}

/** Do all of `work`, so many at a time; gives what was done a second. */
export async function perSecond(work: readonly (() => Promise<unknown>)[], atOnce: number): Promise<number> {
  const waiting = [...work].reverse();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await next();
    }),
  );
  return (work.length / (performance.now() - begun)) * 1_000;
}
