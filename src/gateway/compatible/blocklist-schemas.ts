// What the product's Blocklist interface takes and answers: its names, bounds and words. Clients tolerate no null in answers
// and may bring properties that we do not know.
import { z } from 'zod';
import { ENTRY_CHANNELS, type EntryChannel } from '../../domain/channel.js';
import { isoSpan } from '../../domain/iso-span.js';
import { SOURCES } from '../../domain/scope.js';
import { storableText } from '../storable-text.js';

/** Of one request, over all its entries. */
export const MOST_DESTINATIONS = 50_000;
/** That many of the longest destinations, each written as `{"to":...}`. */
export const LIST_BODY_LIMIT = 16 << 20;

const LONGEST = 255;
const MOST_RESULTS = 1_000;
/** The product's page is a 32-bit integer. */
const LAST_PAGE = 2_147_483_647;

const CREATABLE = ['SMS', 'EMAIL', 'VIBER', 'RCS', 'MMS', 'WHATSAPP'] as const satisfies readonly EntryChannel[];
const DELETABLE = [...CREATABLE, 'APPLE_MB'] as const satisfies readonly EntryChannel[];

const text = storableText(LONGEST, `size must be between 1 and ${LONGEST}`);
const channel = <const T extends readonly EntryChannel[]>(channels: T) => z.enum(channels, 'unsupported channel');
const sourceType = z.enum(SOURCES, 'unsupported source type');
const accountKey = z.string('unsupported account key').regex(/^[0-9A-Fa-f]{32}$/, 'unsupported account key');

const entry = <const T extends readonly EntryChannel[]>(channels: T) => ({
  /** Phone numbers in international format, e-mail addresses, e-mail domains. */
  destinations: z
    .array(z.object({ to: text }, 'must be an object'), 'must not be empty')
    .min(1, 'must not be empty')
    .max(MOST_DESTINATIONS),
  sender: text.nullish(),
  channel: channel(channels).nullish(),
  accountKey: accountKey.nullish(),
});

const bodyOf = <T extends z.ZodRawShape>(shape: T) =>
  z.object(
    { blocklist: z.array(z.object(shape, 'must be an object'), 'must not be empty').min(1, 'must not be empty') },
    'must be an object',
  );

export const createBody = bodyOf(entry(CREATABLE));
export const deleteBody = bodyOf({ ...entry(DELETABLE), sourceType: sourceType.nullish() });

const moment = z
  .string()
  .meta({ format: 'date-time' })
  // The plus of an offset that was not escaped arrives as a space.
  .transform((value) => isoSpan(value.replace(/ (\d{2}:?\d{2})$/, '+$1')))
  .refine((span) => span !== undefined, 'must be a date and time, such as 2022-08-18T12:36:42.123Z');

/** As programs of several languages write it. */
const truth = z
  .string()
  .regex(/^([Tt]rue|[Ff]alse)$/, 'must be true or false')
  .transform((value) => value.toLowerCase() === 'true');

const wholeNumber = (least: number, most: number) =>
  z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(least, `must be greater than or equal to ${least}`)
    .max(most, `must be less than or equal to ${most}`);

export const listQuery = z
  .object({
    sender: text.optional(),
    destination: text.optional(),
    channel: channel(ENTRY_CHANNELS).optional(),
    sourceType: sourceType.optional(),
    accountKey: accountKey.optional(),
    getAllAccountKeysBlocklists: truth.optional(),
    createdDateFrom: moment.optional(),
    createdDateTo: moment.optional(),
    campaign: text.optional(),
    page: wholeNumber(0, LAST_PAGE).default(0),
    size: wholeNumber(1, MOST_RESULTS).default(100),
  })
  .refine(
    ({ createdDateFrom: from, createdDateTo: to }) =>
      (from === undefined) === (to === undefined) && (from === undefined || to === undefined || from.start < to.end),
    { message: 'createdDateFrom and createdDateTo must both be present, the earlier one first' },
  );

export const listAnswer = z.object({
  results: z.array(
    z.object({
      sender: z.string().optional(),
      destination: z.string(),
      sourceType: z.enum(SOURCES),
      channel: z.enum(ENTRY_CHANNELS).optional(),
      accountKey: z.string(),
      createdDate: z.iso.datetime(),
      campaign: z.string().optional(),
    }),
  ),
  paging: z.object({
    page: z.number().int(),
    size: z.number().int(),
    totalPages: z.number().int(),
    totalResults: z.number().int(),
  }),
});
