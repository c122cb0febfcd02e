// When a person must be left in peace, by the clock on his wall. Follows that clock through daylight saving time.
import { InvalidInputError, type Violation } from './errors.js';
import type { QuietHours } from './step-activities.js';

const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * The first moment from `now` on that is not quiet, or undefined if `now` is not quiet itself. `from` is quiet, `to`
 * is not; a span over midnight, such as 21:00 to 08:00, is the usual case.
 */
export function quietUntil(now: Date, hours: QuietHours): Date | undefined {
  const violations = quietHoursViolations(hours);
  if (violations.length > 0) throw new InvalidInputError(violations);
  const from = sinceMidnight(hours.from);
  const length = mod(sinceMidnight(hours.to) - from, DAY_MS);
  /** How long the quiet hours last from `at` on, if the clocks do not change meanwhile. */
  const remaining = (at: number): number => Math.max(length - mod(at + offsetAt(at, hours.timeZone) - from, DAY_MS), 0);

  let at = now.getTime();
  for (let left = remaining(at); left > 0; left = remaining(at)) {
    const end = at + left;
    const change = offsetChange(at, end, hours.timeZone);
    if (change === undefined) return new Date(end);
    at = change;
  }
  return at === now.getTime() ? undefined : new Date(at);
}

/** Everything wrong with quiet hours. */
export function quietHoursViolations(hours: QuietHours, path = ''): Violation[] {
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  const violations: Violation[] = [];
  for (const key of ['from', 'to'] as const) {
    if (!TIME_OF_DAY.test(hours[key])) violations.push({ path: at(key), message: 'must be a time such as 21:00' });
  }
  if (hours.from === hours.to) violations.push({ path: at('to'), message: 'must differ from `from`' });
  if (!isTimeZone(hours.timeZone))
    violations.push({ path: at('timeZone'), message: 'must be an IANA time zone such as Europe/Zagreb' });
  return violations;
}

/** True for names such as `Europe/Zagreb`. */
export function isTimeZone(name: string): boolean {
  try {
    return typeof name === 'string' && name !== '' && formatFor(name) !== undefined;
  } catch {
    return false;
  }
}

function sinceMidnight(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}

/** The first moment after `from` and up to `to` at which the clocks have changed. Zones change at most once a day. */
function offsetChange(from: number, to: number, timeZone: string): number | undefined {
  const before = offsetAt(from, timeZone);
  if (offsetAt(to, timeZone) === before) return undefined;
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** How far the clocks of `timeZone` are ahead of UTC, in milliseconds. */
function offsetAt(at: number, timeZone: string): number {
  const part = (type: string): number => Number(parts.find((p) => p.type === type)?.value);
  const parts = formatFor(timeZone).formatToParts(at);
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return local - Math.floor(at / 1000) * 1000;
}

/** Making a format takes longer than using it a hundred times; there are some 400 zones. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  formats.set(timeZone, made);
  return made;
}

const mod = (value: number, by: number): number => ((value % by) + by) % by;
