// Evaluates conditions over the properties of an event or a person. Pure and without packages, so that workflow code
// can use it; the time comes in as a value.
import type { Comparison, Condition, Properties } from './condition.js';
import { compareDates, compareWithNow, typeMismatch } from './condition-dates.js';
import { conditionViolations } from './condition-form.js';
import { InvalidInputError, type Violation } from './errors.js';

export { conditionViolations } from './condition-form.js';
export type { Comparison, Condition, Operator, Properties } from './condition.js';

/**
 * True if `properties` fulfil `condition`. `now` is needed by the operators that look at dates from today.
 *
 * @throws InvalidInputError if the condition is malformed, or a property has another type than its operator compares.
 * The message names properties and types, never what they hold.
 */
export function evaluateCondition(condition: Condition, properties: Properties, now?: Date): boolean {
  const violations = conditionViolations(condition);
  if (violations.length > 0) throw new InvalidInputError(violations);
  const mismatches: Violation[] = [];
  const matched = evaluate(condition, properties, now, mismatches);
  if (mismatches.length > 0) throw new InvalidInputError(mismatches);
  return matched;
}

function evaluate(
  condition: Condition,
  properties: Properties,
  now: Date | undefined,
  mismatches: Violation[],
): boolean {
  // No short cut: every mismatch is reported, not just the first.
  if ('all' in condition) return condition.all.map((c) => evaluate(c, properties, now, mismatches)).every(Boolean);
  if ('any' in condition) return condition.any.map((c) => evaluate(c, properties, now, mismatches)).some(Boolean);
  const actual = lookUp(properties, condition.property);
  if (actual === undefined || actual === null)
    return condition.operator === 'isNot' || condition.operator === 'isEmpty';
  const outcome = compare(condition, actual, now);
  if (typeof outcome === 'boolean') return outcome;
  mismatches.push({ path: condition.property, message: outcome });
  return false;
}

/** The result, or what does not fit. */
function compare(condition: Comparison, actual: unknown, now: Date | undefined): boolean | string {
  switch (condition.operator) {
    case 'is':
    case 'isNot': {
      const equal =
        condition.type === 'date' ? compareDates('is', actual, condition.value) : equals(actual, condition.value);
      return typeof equal === 'string' ? equal : equal === (condition.operator === 'is');
    }
    case 'contains':
      if (Array.isArray(actual)) return actual.includes(condition.value);
      return typeof actual === 'string' ? actual.includes(condition.value) : typeMismatch('a text or a list', actual);
    case 'startsWith':
      return typeof actual === 'string' ? actual.startsWith(condition.value) : typeMismatch('a text', actual);
    case 'endsWith':
      return typeof actual === 'string' ? actual.endsWith(condition.value) : typeMismatch('a text', actual);
    case 'lessThan':
      return typeof actual === 'number' ? actual < condition.value : typeMismatch('a number', actual);
    case 'lessThanOrEqual':
      return typeof actual === 'number' ? actual <= condition.value : typeMismatch('a number', actual);
    case 'greaterThan':
      return typeof actual === 'number' ? actual > condition.value : typeMismatch('a number', actual);
    case 'greaterThanOrEqual':
      return typeof actual === 'number' ? actual >= condition.value : typeMismatch('a number', actual);
    case 'before':
    case 'until':
    case 'since':
    case 'after':
      return compareDates(condition.operator, actual, condition.value);
    case 'isEmpty':
      return isEmpty(actual);
    case 'isNotEmpty':
      return !isEmpty(actual);
    case 'isToday':
      return compareWithNow({ property: condition.property, operator: 'isToday' }, actual, now);
    default:
      return compareWithNow(condition, actual, now);
  }
}

function equals(actual: unknown, value: string | number | boolean): boolean | string {
  return typeof actual === typeof value
    ? actual === value
    : typeMismatch(typeof value === 'string' ? 'a text' : `a ${typeof value}`, actual);
}

/** Own properties only: an event cannot be asked for what every object has. */
function lookUp(properties: Properties, name: string): unknown {
  if (Object.hasOwn(properties, name)) return properties[name];
  let value: unknown = properties;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Properties)[part];
  }
  return value;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}
