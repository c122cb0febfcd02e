// ISO dates and times in data. A date alone is a whole day, in UTC; a time needs its zone, since workers sit in many.

const ISO = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2}))?$/;
const DAY_MS = 86_400_000;

/** From `start` until before `end`, in milliseconds; for an instant both are the same. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** What an ISO date or time stands for; undefined if `text` is none. */
export function isoSpan(text: string): Span | undefined {
  const [, date, time, zone] = ISO.exec(text) ?? [];
  if (date === undefined) return undefined;
  const midnight = Date.parse(`${date}T00:00Z`);
  // 30 February parses, as a day of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== date) return undefined;
  if (time === undefined || zone === undefined) return { start: midnight, end: midnight + DAY_MS };
  const start = Date.parse(`${date}T${time}${zone.replace(/^(.\d\d):?(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(start) ? undefined : { start, end: start };
}

/** The UTC day, counted from 1970, in which a moment lies. */
export function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}
