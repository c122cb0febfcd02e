// Whether a condition is one: for conditions that come as JSON, from an API or a flow definition.
import type { Operator } from './condition.js';
import { isoSpan } from './iso-span.js';
import { durationMs } from './duration.js';
import type { Violation } from './errors.js';

type Operand = 'text' | 'number' | 'date' | 'duration' | 'scalar' | 'none';

/** What each operator compares with. */
const OPERANDS: Readonly<Record<Operator, Operand>> = {
  is: 'scalar',
  isNot: 'scalar',
  contains: 'text',
  startsWith: 'text',
  endsWith: 'text',
  lessThan: 'number',
  lessThanOrEqual: 'number',
  greaterThan: 'number',
  greaterThanOrEqual: 'number',
  before: 'date',
  until: 'date',
  since: 'date',
  after: 'date',
  willBeIn: 'duration',
  willBeWithin: 'duration',
  willBeMoreThan: 'duration',
  was: 'duration',
  wasWithin: 'duration',
  wasMoreThan: 'duration',
  isEmpty: 'none',
  isNotEmpty: 'none',
  isToday: 'none',
};
const OPERATORS = Object.keys(OPERANDS).join(', ');

/** Nobody writes conditions this deep; a machine might, and recursion has an end. */
const DEEPEST = 10;

/** Everything wrong with the form of a condition, whoever wrote it. */
export function conditionViolations(condition: unknown, path = '', depth = 0): Violation[] {
  const at = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (typeof condition !== 'object' || condition === null) return [{ path, message: 'must be a condition' }];
  if (depth > DEEPEST) return [{ path, message: `conditions are nested more than ${DEEPEST} deep` }];
  for (const key of ['all', 'any'] as const) {
    if (!Object.hasOwn(condition, key)) continue;
    const parts: unknown = (condition as Record<string, unknown>)[key];
    if (!Array.isArray(parts) || parts.length === 0)
      return [{ path: at(key), message: 'must list at least one condition' }];
    if (Object.keys(condition).length > 1) return [{ path, message: `can have nothing beside ${key}` }];
    return parts.flatMap((part, i) => conditionViolations(part, `${at(key)}[${i}]`, depth + 1));
  }
  const { property, operator, value, type } = condition as Record<string, unknown>;
  const violations = Object.keys(condition)
    .filter((key) => !['property', 'operator', 'value', 'type'].includes(key))
    .map((key): Violation => ({ path: at(key), message: 'is not part of a condition' }));
  if (typeof property !== 'string' || property === '')
    violations.push({ path: at('property'), message: 'must name a property' });
  if (typeof operator !== 'string' || !Object.hasOwn(OPERANDS, operator)) {
    return [...violations, { path: at('operator'), message: `must be one of ${OPERATORS}` }];
  }
  if (type !== undefined && type !== 'date') violations.push({ path: at('type'), message: "can only be 'date'" });
  const operand =
    type === 'date' && OPERANDS[operator as Operator] === 'scalar' ? 'date' : OPERANDS[operator as Operator];
  const message = operandProblem(operand, value);
  return message === undefined
    ? violations
    : [...violations, { path: at('value'), message: `${message} for ${operator}` }];
}

function operandProblem(operand: Operand, value: unknown): string | undefined {
  switch (operand) {
    case 'none':
      return value === undefined ? undefined : 'must be left out';
    case 'text':
      return typeof value === 'string' && value !== '' ? undefined : 'must be a text';
    case 'number':
      return Number.isFinite(value) ? undefined : 'must be a number';
    case 'date':
      return typeof value === 'string' && isoSpan(value) !== undefined ? undefined : 'must be an ISO date or time';
    case 'duration':
      return typeof value === 'string' && durationMs(value) !== undefined
        ? undefined
        : "must be a length such as '7 days'";
    case 'scalar':
      return ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
        ? undefined
        : 'must be a text, a number or a truth value';
  }
}
