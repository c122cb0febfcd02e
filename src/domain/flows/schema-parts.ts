// The values that schemas of flows are put together from.
import { z } from 'zod';
import { SENDING_CHANNELS } from '../channel.js';
import type { Condition } from '../condition.js';
import { conditionViolations } from '../condition-form.js';
import { durationMs, type DurationText } from '../duration.js';
import type { Violation } from '../errors.js';
import { isoSpan } from '../iso-span.js';

/** Element ids, variables and attributes appear in keys, tables and `{{...}}`. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
const PLACEHOLDER = /\{\{\s*[A-Za-z][\w.]*\s*\}\}/g;
const LONGEST_TEXT = 10_000;

export const elementId = z.string().regex(NAME, 'must be the id of an element');
export const name = z.string().regex(NAME, 'must be a letter followed by letters, digits and underscores, 64 at most');
export const line = z.string().trim().min(1, 'must not be empty').max(255, 'must have at most 255 characters');
export const channel = z.enum(SENDING_CHANNELS);
export const level = z.enum(['FROM_ANY_SENDER', 'FROM_SENDER']);
export const value = z.union([z.string(), z.number(), z.boolean()], 'must be a text, a number or a truth value');

export const template = (most = LONGEST_TEXT) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(most, `must have at most ${most} characters`)
    .refine(
      (text) => !/\{\{|\}\}/.test(text.replace(PLACEHOLDER, '')),
      'has a placeholder that is not of the form {{name}}',
    );

export const duration = z.custom<DurationText>(
  (text) => typeof text === 'string' && (durationMs(text) ?? 0) > 0,
  "must be a length of time such as '24 hours'",
);

export const isoTime = z
  .string()
  .refine((text) => isoSpan(text) !== undefined, 'must be an ISO date, or time with its zone');

export const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 21:00');

export const condition = z.custom<Condition>().superRefine((given, context) => {
  for (const violation of conditionViolations(given)) context.addIssue({ code: 'custom', ...pathed(violation) });
});

/** A condition with `next` beside it. */
export const branch = z.custom<Condition & { readonly next: string }>().superRefine((given, context) => {
  const { next, ...rest } = isRecord(given) ? given : {};
  if (!elementId.safeParse(next).success) {
    context.addIssue({ code: 'custom', path: ['next'], message: 'must be the id of an element' });
  }
  for (const violation of conditionViolations(rest)) context.addIssue({ code: 'custom', ...pathed(violation) });
});

export function isRecord(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

const pathed = ({ path, message }: Violation): { path: string[]; message: string } => ({
  path: path === '' ? [] : [path],
  message,
});
