// One run of the demo: its name, its campaigns, and the share of all thinkable people that is its own.

export interface Run {
  /** Month, day and time of its start, UTC: `0301-080000`. */
  readonly id: string;
  /** Runs that start in other seconds have other numbers: they decide whose turn it is to be written to. */
  readonly number: number;
  readonly spring: string;
  readonly summer: string;
}

/** A run takes longer than this, so that no two runs of one stack share a number. */
const SLOT_MS = 10_000;

export function newRun(at: Date): Run {
  const id = at.toISOString().slice(5, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  return { id, number: Math.floor(at.getTime() / SLOT_MS), spring: `spring-${id}`, summer: `summer-${id}` };
}
