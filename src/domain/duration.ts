// Lengths of time as people write them: `24 hours`, `7 days`.

const UNITS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
type Unit = keyof typeof UNITS;

/** A number and a unit, such as `'30 minutes'`; a unit that does not exist is a compile error. */
export type DurationText = `${number} ${Unit | `${Unit}s`}`;

/** Milliseconds in `text`, or nothing if it is no length of time. */
export function durationMs(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) (second|minute|hour|day|week)s?$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  return Math.round(Number(match[1]) * UNITS[match[2] as Unit]);
}
