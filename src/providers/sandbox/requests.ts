// What may be asked of the sandbox beside /send: parsed once here, trusted afterwards.
import { z } from 'zod';
import { SENDING_CHANNELS } from '../../domain/channel.js';
import { InvalidInputError } from '../../domain/errors.js';

/** Message ids go into the log and into reports without escaping. */
export const MESSAGE_ID = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;
const channel = z.enum(SENDING_CHANNELS);
const address = z.string().min(1).max(500);
const share = z.number().min(0).max(1);
const count = z.number().int().min(1).max(1_000_000_000);
const delayMs = z.number().int().min(0).max(3_600_000);

export const FAULT_MODES = [
  'reject',
  'delay',
  'timeoutAfterAccept',
  'rateLimit',
  'drop',
  'dropBeforeAccept',
  'crash',
] as const;

const fault = z.strictObject({
  mode: z.enum(FAULT_MODES),
  /** Chance that a message (`reject`) or a request (all others) in scope is hit. */
  share: share.optional(),
  /** The rule ends after so many hits. */
  count: count.optional(),
  delayMs: delayMs.optional(),
  to: address.optional(),
  channel: channel.optional(),
});
export type FaultRule = z.output<typeof fault>;
export const faultRules = oneOrMore('rules', fault);

const reply = z.strictObject({
  from: address,
  to: address,
  channel,
  text: z.string().max(100_000),
  /** The message answered, where the network pairs replies. */
  inReplyTo: z.string().min(1).max(100).optional(),
  campaignReferenceId: z.string().min(1).max(255).optional(),
  /** Given to repeat a delivery; made up otherwise. */
  messageId: z.string().regex(MESSAGE_ID).optional(),
  retry: z.boolean().optional(),
});
export type Reply = z.output<typeof reply>;
export const replies = z.union([
  reply,
  z.strictObject({ replies: z.array(reply).min(1).max(10_000), retry: z.boolean().optional() }),
]);

const scriptRule = z
  .strictObject({
    match: z
      .strictObject({
        to: address.optional(),
        channel: channel.optional(),
        sender: address.optional(),
        campaignReferenceId: z.string().max(255).optional(),
        kind: z.enum(['message', 'confirmation']).default('message'),
        textIncludes: z.string().max(1_000).optional(),
      })
      .prefault({}),
    /** Which part of the people in scope does this; the same people for the same seed. */
    share: share.default(1),
    count: count.optional(),
    afterMs: delayMs.default(1_000),
    /** Spreads the reactions over so many milliseconds more. */
    spreadMs: delayMs.default(0),
    /** The reply, or several of which each person picks one. */
    reply: z.union([z.string().max(10_000), z.array(z.string().max(10_000)).min(1).max(1_000)]).optional(),
    /** Opens the first opt-out link of the text and presses the button; `oneClick` posts as a mail program does (RFC 8058). */
    optOutLink: z.union([z.literal(true), z.literal('oneClick')]).optional(),
    /** False when the network does not say which message is answered. */
    paired: z.boolean().default(true),
  })
  .refine((rule) => (rule.reply === undefined) !== (rule.optOutLink === undefined), {
    message: 'give either reply or optOutLink',
  });
export type ScriptRule = z.output<typeof scriptRule>;
export const scriptRules = oneOrMore('rules', scriptRule);

/** Listings: `limit` above the maximum gives the maximum, as every page says where the next one begins. */
export const pageQuery = z.strictObject({
  /** A plus sign arrives as a space when it was not escaped. */
  to: z
    .string()
    .min(1)
    .transform((to) => to.replace(/^[+ ]/, ''))
    .optional(),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .default(1_000)
    .transform((limit) => Math.min(limit, 50_000)),
});

/** Parses or throws an `InvalidInputError` that names paths, never values. */
export function parseRequest<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    parsed.error.issues.map((issue) => ({ path: formatPath(issue.path), message: issue.message })),
  );
}

/** One object, an array, or the array under a name. */
function oneOrMore<T extends z.ZodType>(name: string, item: T) {
  const items = z.array(item).min(1).max(10_000);
  return z.preprocess((input) => {
    if (Array.isArray(input)) return input as unknown[];
    if (typeof input === 'object' && input !== null && name in input) return (input as Record<string, unknown>)[name];
    return [input];
  }, items);
}

function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
}
