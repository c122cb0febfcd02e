// The comparisons of dates: with a written date, or with the moment of evaluation.
import type { RelativeDate, Unary } from './condition.js';
import { durationMs } from './duration.js';
import { dayOf, isoSpan, type Span } from './iso-span.js';

type AbsoluteDate = 'is' | 'before' | 'until' | 'since' | 'after';

/** The result, or what does not fit. A date alone is its whole day. */
export function compareDates(operator: AbsoluteDate, actual: unknown, value: string): boolean | string {
  const moment = momentOf(actual);
  const span = isoSpan(value);
  if (moment === undefined || span === undefined) return typeMismatch('an ISO date or time', actual);
  switch (operator) {
    case 'is':
      return isWithin(moment, span);
    case 'before':
      return moment < span.start;
    case 'until':
      return moment < span.start || isWithin(moment, span);
    case 'since':
      return moment >= span.start;
    case 'after':
      return moment >= span.start && !isWithin(moment, span);
  }
}

function isWithin(moment: number, span: Span): boolean {
  return span.start === span.end ? moment === span.start : moment >= span.start && moment < span.end;
}

type DateFromNow = RelativeDate | (Unary & { readonly operator: 'isToday' });

/** The result, or what does not fit, seen from `now`. */
export function compareWithNow(condition: DateFromNow, actual: unknown, now: Date | undefined): boolean | string {
  if (now === undefined) return `${condition.operator} needs the time at which it is evaluated`;
  const moment = momentOf(actual);
  if (moment === undefined) return typeMismatch('an ISO date or time', actual);
  if (condition.operator === 'isToday') return dayOf(moment) === dayOf(now.getTime());
  const away = moment - now.getTime();
  const length = durationMs(condition.value ?? '') ?? 0;
  switch (condition.operator) {
    case 'willBeIn':
      return dayOf(moment) === dayOf(now.getTime() + length);
    case 'willBeWithin':
      return away >= 0 && away <= length;
    case 'willBeMoreThan':
      return away > length;
    case 'was':
      return dayOf(moment) === dayOf(now.getTime() - length);
    case 'wasWithin':
      return away <= 0 && away >= -length;
    case 'wasMoreThan':
      return away < -length;
    default:
      return false;
  }
}

function momentOf(value: unknown): number | undefined {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
  return typeof value === 'string' ? isoSpan(value)?.start : undefined;
}

/** Says what a property should have been and is, never what it holds. */
export function typeMismatch(wanted: string, actual: unknown): string {
  const kind = Array.isArray(actual) ? 'list' : typeof actual === 'string' ? 'text' : typeof actual;
  return `must be ${wanted}, but is of type ${kind}`;
}
