// When an automatic answer may leave: the days and hours of the product's inbound configurations, by the clock of UTC.
import type { Violation } from './errors.js';

export const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
export type Day = (typeof DAYS)[number];

export interface DeliveryWindow {
  /** A window over midnight belongs to the day on which it opens. */
  readonly days: readonly Day[];
  /** `HH:mm` in UTC; `from` is within the window, `to` is not. */
  readonly from: string;
  readonly to: string;
  /** Kept and told as it came. The product says both that times are in UTC and that a zone may be named. */
  readonly deliveryTimeZone?: 'USER_TIME_ZONE' | 'DESTINATION_TIME_ZONE';
}

const TIME_OF_DAY = /^([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_MS = 86_400_000;

/** `now` itself if the window is open, else when it opens next. */
export function opensAt(now: Date, { days, from, to }: DeliveryWindow): Date {
  const length = (sinceMidnight(to) - sinceMidnight(from) + DAY_MS) % DAY_MS;
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  // Yesterday's window may still be open; a week later every day has come.
  for (let day = -1; day <= 7; day += 1) {
    const opens = midnight + day * DAY_MS + sinceMidnight(from);
    const name = DAYS[new Date(opens).getUTCDay()];
    if (name !== undefined && days.includes(name) && now.getTime() < opens + length) {
      return new Date(Math.max(opens, now.getTime()));
    }
  }
  throw new Error('a delivery window without days never opens');
}

export function windowViolations({ days, from, to }: DeliveryWindow, path: string): Violation[] {
  const violations: Violation[] = [];
  if (!TIME_OF_DAY.test(from)) violations.push({ path: `${path}.from`, message: 'must be a time such as 08:35' });
  if (!TIME_OF_DAY.test(to)) violations.push({ path: `${path}.to`, message: 'must be a time such as 16:35' });
  if (from === to) violations.push({ path: `${path}.to`, message: 'must differ from `from`' });
  if (days.length === 0) violations.push({ path: `${path}.days`, message: 'must not be empty' });
  return violations;
}

function sinceMidnight(time: string): number {
  const [hours = '', minutes = ''] = time.split(':');
  return (Number(hours) * 60 + Number(minutes)) * 60_000;
}
