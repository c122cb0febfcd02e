// What a broadcast may be asked for with. Parsed once, where it is created; the gateway and the command line bring it as it came.
import { z } from 'zod';
import { SENDING_CHANNELS } from './channel.js';
import { InvalidInputError } from './errors.js';

const LONGEST_EMAIL = 500_000;
const LONGEST_TEXT = 10_000;
const THIRTY_DAYS = 30 * 86_400;

/** Postgres stores no NUL and no half of a surrogate pair. */
const text = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine((value) => !value.includes('\u0000') && value.isWellFormed(), 'holds characters that cannot be stored');

export const broadcastSpec = z
  .strictObject({
    /** Default: the default account. */
    accountKey: z
      .string()
      .regex(/^[0-9A-F]{32}$/, 'must be 32 upper-case hexadecimal digits')
      .optional(),
    campaignReference: text(255),
    channel: z.enum(SENDING_CHANNELS),
    sender: text(255),
    text: text(LONGEST_EMAIL),
    /** E-mail and MMS only. */
    subject: text(998).optional(),
    messagesPerSecond: z.number().int().min(1).max(100_000).optional(),
    /** Nothing leaves later than this after the start. Default: each message may wait 24 hours for its turn. */
    validForSeconds: z.number().int().min(1).max(THIRTY_DAYS).optional(),
  })
  .refine((spec) => spec.channel === 'EMAIL' || spec.text.length <= LONGEST_TEXT, {
    path: ['text'],
    message: `has at most ${LONGEST_TEXT} characters on this channel`,
  })
  .refine((spec) => spec.subject === undefined || spec.channel === 'EMAIL' || spec.channel === 'MMS', {
    path: ['subject'],
    message: 'only EMAIL and MMS messages have one',
  });

export type BroadcastSpec = z.output<typeof broadcastSpec>;

/** @throws InvalidInputError naming every mistake, and none of the values. */
export function parseBroadcastSpec(input: unknown): BroadcastSpec {
  const parsed = broadcastSpec.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    parsed.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  );
}
