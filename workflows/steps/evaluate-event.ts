// Looks at an event with a named rule, and lets the rule put the person on the blocklist or take them off it.
import { InvalidInputError } from '../../src/domain/errors.js';
import { conditionViolations, evaluateCondition, type Condition } from '../../src/domain/event-rules.js';
import type { OptResult } from '../../src/domain/step-activities.js';
import { invalidInput } from './failures.js';
import { InputCheck } from './input-check.js';
import { optInput, summaryOf, type OptScope } from './opt-out.js';
import { step } from './step.js';
import { callActivity } from './step-activities.js';
import type { AwaitedEvent } from './wait-for-event.js';

export type EventRule = {
  /** Its name: part of the ledger's evidence. */
  readonly rule: string;
  readonly when: Condition;
} & ({ readonly optOut?: OptScope; readonly optIn?: never } | { readonly optIn?: OptScope; readonly optOut?: never });

export interface Evaluation {
  readonly rule: string;
  /** An event that did not come in time matches nothing. */
  readonly matched: boolean;
  /** What the opt-out or opt-in changed; absent when there was none. */
  readonly effect?: OptResult['effect'];
}

/**
 * Evaluate an event. More than an `if`: when the rule opts somebody out, rule, event, message and campaign are kept as evidence.
 *
 * @example
 * return evaluateEvent(survey, {
 *   rule: 'unhappy',
 *   when: { property: 'score', operator: 'lessThan', value: 3 },
 *   optOut: { level: 'FROM_ANY_SENDER', because: offer },
 * });
 */
export async function evaluateEvent(event: AwaitedEvent, rule: EventRule): Promise<Evaluation> {
  const input = new InputCheck('evaluateEvent', event);
  input.contact(event.contact, 'event.contact');
  const isRule = typeof rule === 'object' && rule !== null;
  input.require(isRule, 'rule', 'must be an object with `rule` and `when`');
  if (isRule) {
    input.text(rule.rule, 'rule', 255);
    for (const { path, message } of conditionViolations(rule.when, 'when')) input.require(false, path, message);
    input.require(
      rule.optOut === undefined || rule.optIn === undefined,
      'optIn',
      'a rule cannot opt in and out at once',
    );
  }
  input.done();
  return step(async () => {
    if (event.timedOut || !isMatch(rule.when, event.properties)) return { rule: rule.rule, matched: false };
    const scope = rule.optOut ?? rule.optIn;
    if (scope === undefined) return { rule: rule.rule, matched: true };
    const request = { ...scope, contact: event.contact, rule: rule.rule };
    const opt = optInput('evaluateEvent', request, { event: event.event, eventId: event.eventId });
    const { effect } = await callActivity(
      (to) => (rule.optOut === undefined ? to.blocklistOptIn(opt) : to.blocklistOptOut(opt)),
      { summary: summaryOf(request) },
    );
    return { rule: rule.rule, matched: true, effect };
  });
}

/** A property of another type than the rule compares is an error of the flow's, not one that Temporal should retry for ever. */
function isMatch(when: Condition, properties: Readonly<Record<string, unknown>>): boolean {
  try {
    return evaluateCondition(when, properties, new Date());
  } catch (error) {
    throw error instanceof InvalidInputError ? invalidInput('evaluateEvent', error.violations) : error;
  }
}
