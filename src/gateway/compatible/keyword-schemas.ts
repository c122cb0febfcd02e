// What the product's interface for inbound configurations takes and answers. Absent properties are left as they are;
// `unset` removes them first.
import { z } from 'zod';
import { DAYS } from '../../domain/delivery-window.js';
import { webhookUrlProblem } from '../../domain/webhook-url.js';
import { storableText } from '../storable-text.js';

/** Those of the product's channels on which we take replies to a number or sender. */
export const CONFIGURED_CHANNELS = ['SMS', 'MMS', 'RCS', 'VIBER_BM'] as const;
export type ConfiguredChannel = (typeof CONFIGURED_CHANNELS)[number];

/** The one shape in which replies of a channel are forwarded. */
export const FORMATS: Readonly<Record<ConfiguredChannel, string>> = {
  SMS: 'MO_JSON_2',
  MMS: 'MO_MMS_2',
  RCS: 'MO_RCS_JSON',
  VIBER_BM: 'MO_OTT_MSISDN',
};

const UNSET = [
  'USERNAME',
  'PLATFORM',
  'FORWARDING',
  'CONVERSATIONS',
  'ANSWERS',
  'AUTORESPONSE',
  'BLOCKLISTCONFIGURATION',
] as const;
export type Unset = (typeof UNSET)[number];

const LONGEST = 255;
const text = storableText(LONGEST, `size must be between 1 and ${LONGEST}`);
const channel = z.enum(CONFIGURED_CHANNELS, 'unsupported channel');
/** May be empty: the catch-all. */
const keyword = z.union([storableText(50, 'size must be between 0 and 50'), z.literal('')]);
const countryCode = z.string().regex(/^[A-Z]{2}$/, 'must be two upper-case letters');
const configurationKey = text;
/** Numbers need no registration here, so they have no keys. */
const noKey = (name: string) => z.null(`unsupported: use ${name}`).optional();
/** What is not ours to do may be switched off, but not on. */
const switchedOff = z.object({ enabled: z.literal(false, 'is not offered here') }).nullish();

const platform = z.object({
  applicationId: z.union([text, z.literal('')]).optional(),
  entityId: z.union([text, z.literal('')]).optional(),
});
const blockListConfiguration = z.object({
  type: z.enum(['BLOCK', 'UNBLOCK'], 'unsupported type'),
  level: z.enum(['FROM_SENDER', 'FROM_ANY_SENDER'], 'unsupported level'),
});
const window = z.object({
  from: z.string(),
  to: z.string(),
  days: z.array(z.enum(DAYS, 'unsupported day')).min(1, 'must not be empty').max(7, 'must not have more than 7 days'),
  deliveryTimeZone: z.enum(['USER_TIME_ZONE', 'DESTINATION_TIME_ZONE'], 'unsupported time zone').nullish(),
});

export const configureBody = z
  .object(
    {
      channel,
      keyword: keyword.nullish(),
      number: text.nullish(),
      resource: text.nullish(),
      numberKey: noKey('number'),
      resourceKey: noKey('resource'),
      countryCode: countryCode.nullish(),
      username: text.nullish(),
      platform: platform.nullish(),
      forwarding: z
        .object({
          type: z.literal('HTTP_FORWARD', 'unsupported forwarding type'),
          url: storableText(2_048).refine(
            (url) => webhookUrlProblem(url) === undefined,
            'must be an http or https URL',
          ),
          format: z.string().nullish(),
        })
        .nullish(),
      conversations: switchedOff,
      answers: switchedOff,
      autoResponse: z
        .object({
          message: storableText(1_080, 'size must be between 1 and 1080'),
          sender: text.nullish(),
          deliveryTimeWindow: window.nullish(),
        })
        .nullish(),
      blockListConfiguration: blockListConfiguration.nullish(),
      unset: z.array(z.enum(UNSET, 'unsupported option')).max(UNSET.length).nullish(),
    },
    'must be an object',
  )
  .superRefine((body, context) => {
    const issue = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    const name = senderProperty(body.channel);
    if (body[name] == null) issue([name], 'must not be null');
    if (body.forwarding?.format != null && body.forwarding.format !== FORMATS[body.channel]) {
      issue(['forwarding', 'format'], `unsupported format: ${FORMATS[body.channel]} is what there is`);
    }
    if (body.channel === 'VIBER_BM' && body.blockListConfiguration != null) {
      issue(['blockListConfiguration'], 'is not available on this channel');
    }
  });
export type ConfigureBody = z.output<typeof configureBody>;

/** By which property a channel names the number or sender. */
export function senderProperty(configured: ConfiguredChannel): 'number' | 'resource' {
  return configured === 'SMS' || configured === 'MMS' ? 'number' : 'resource';
}

export const configurationQuery = z.object({
  channel,
  configurationKey: configurationKey.optional(),
  number: text.optional(),
  resource: text.optional(),
  keyword: keyword.optional(),
  countryCode: countryCode.optional(),
});

export const configurationParams = z.object({ configurationKey });

export const configurationAnswer = z.object({
  configurationKey: z.string(),
  channel: z.enum(CONFIGURED_CHANNELS).optional(),
  keyword: z.string().optional(),
  username: z.string().optional(),
  platform: platform.optional(),
  forwarding: z.object({ type: z.literal('HTTP_FORWARD'), url: z.string(), format: z.string() }).optional(),
  autoResponse: z
    .object({
      message: z.string(),
      sender: z.string().optional(),
      deliveryTimeWindow: window.extend({ deliveryTimeZone: z.string() }).optional(),
    })
    .optional(),
  blockListConfiguration: blockListConfiguration.optional(),
});
