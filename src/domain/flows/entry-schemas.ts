// The form of what lies around the elements: entry points and settings.
import { z } from 'zod';
import { quietHoursViolations } from '../quiet-hours.js';
import type { EntryPoint, FlowSettings } from './flow.js';
import { channel, condition, duration, isoTime, line, name } from './schema-parts.js';

/** Stands in workflow ids. */
export const flowName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, dots, hyphens and underscores, 64 at most');

const audience = z
  .strictObject({
    type: z.literal('audience'),
    mode: z.enum(['once', 'continuous']),
    tag: line.exactOptional(),
    where: condition.exactOptional(),
  })
  .refine(({ tag, where }) => tag !== undefined || where !== undefined, {
    path: ['tag'],
    message: 'needs `tag` or `where`',
  });

/** One schema for each type of entry point. */
export const ENTRY_SCHEMAS = {
  audience,
  event: z.strictObject({ type: z.literal('event'), event: line, where: condition.exactOptional() }),
  inboundMessage: z.strictObject({
    type: z.literal('inboundMessage'),
    channel,
    sender: line,
    keyword: z.string().trim().min(1).max(50).exactOptional(),
  }),
  api: z.strictObject({ type: z.literal('api') }),
  flow: z.strictObject({ type: z.literal('flow'), flow: flowName }),
  date: z.union(
    [
      z.strictObject({ type: z.literal('date'), at: isoTime }),
      z.strictObject({ type: z.literal('date'), attribute: name, yearly: z.boolean().exactOptional() }),
    ],
    'must have either `at` (an ISO date or time) or `attribute`',
  ),
} as const satisfies Readonly<Record<EntryPoint['type'], z.ZodType>>;

const quietHours = z
  .strictObject({ from: z.string(), to: z.string(), timeZone: z.string().exactOptional() })
  .superRefine((hours, context) => {
    for (const { path, message } of quietHoursViolations({ timeZone: 'UTC', ...hours })) {
      context.addIssue({ code: 'custom', path: [path], message });
    }
  });

export const settings = z
  .strictObject({
    reEntry: z.boolean().exactOptional(),
    reEntryDelay: duration.exactOptional(),
    entryLimits: z
      .array(z.strictObject({ entries: z.int().positive(), per: duration }))
      .max(10)
      .exactOptional(),
    simultaneous: z.boolean().exactOptional(),
    quietHours: quietHours.exactOptional(),
    frequencyCap: z
      .strictObject({ messages: z.int().positive(), per: duration, over: z.enum(['hold', 'block']).exactOptional() })
      .exactOptional(),
    startAt: isoTime.exactOptional(),
    stopAt: isoTime.exactOptional(),
    goal: line.exactOptional(),
  })
  .refine(
    ({ startAt, stopAt }) => startAt === undefined || stopAt === undefined || Date.parse(startAt) < Date.parse(stopAt),
    {
      path: ['stopAt'],
      message: 'must be later than `startAt`',
    },
  ) satisfies z.ZodType<FlowSettings>;
