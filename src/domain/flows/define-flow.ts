// Turns a flow as written into a flow that was checked: every mistake is found and named at once.
import { InvalidInputError, type Violation } from '../errors.js';
import type { Flow, FlowDefinition } from './flow.js';
import { graphViolations } from './graph.js';
import { readFlow } from './schema.js';

/**
 * A declarative flow. Branches to elements that do not exist and mistyped elements do not compile; what types cannot
 * tell is checked here.
 *
 * @throws InvalidInputError naming every violation.
 * @example
 * export default defineFlow({
 *   name: 'welcome', campaign: 'welcome-2027', start: 'hello', entry: [{ type: 'api' }],
 *   elements: {
 *     hello: { type: 'sendMessage', channel: 'SMS', sender: '10950', text: 'Welcome! STOP to end.', next: 'done' },
 *     done: { type: 'exit' },
 *   },
 * });
 */
export function defineFlow<Id extends string>(flow: Flow<Id>): FlowDefinition {
  return parseFlow(flow);
}

/** A flow that comes as JSON, from a file or an API, checked just like one from `defineFlow`. */
export function parseFlow(value: unknown): FlowDefinition {
  const result = checkFlow(value);
  if (!result.ok) throw new InvalidInputError(result.violations);
  return result.flow;
}

export type FlowCheck =
  | { readonly ok: true; readonly flow: FlowDefinition }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** As {@link parseFlow}, for those who show the violations instead of throwing them. */
export function checkFlow(value: unknown): FlowCheck {
  const { flow, elements, start, onOptOut, violations } = readFlow(value);
  const all = [...violations, ...graphViolations({ elements, start, onOptOut })];
  return flow === undefined || all.length > 0 ? { ok: false, violations: all } : { ok: true, flow: deepFreeze(flow) };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}
