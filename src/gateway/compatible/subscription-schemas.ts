// What the product's Subscriptions interface takes and answers, for the one channel that there is here: BLOCKLIST.
import { z } from 'zod';
import { SOURCES } from '../../domain/scope.js';
import { webhookUrlProblem } from '../../domain/webhook-url.js';
import { storableText } from '../storable-text.js';

const LONGEST = 255;
const MOST_EVENTS = 2_000;
const LAST_PAGE = 2_147_483_647;

/** Part of addresses, so nothing in it needs to be escaped. */
const id = z.string().regex(/^[A-Za-z0-9._~-]{1,255}$/, 'must be 1 to 255 letters, digits and -._~');
const text = storableText(LONGEST, `size must be between 1 and ${LONGEST}`);
const kind = z.enum(['BLOCK', 'UNBLOCK'], 'unsupported event');
/** What would leave events out must not be taken and then ignored. */
const none = z.array(z.unknown()).max(0, 'is not supported here').nullish();

const security = z.object({
  authId: id,
  type: z.enum(['BASIC', 'HMAC'], 'unsupported type').nullish(),
  credentials: z
    .object({
      username: text.nullish(),
      password: text.nullish(),
      secretKey: storableText(LONGEST).nullish(),
      algorithm: z.literal('HMAC_SHA_256', 'unsupported algorithm').nullish(),
    })
    .nullish(),
});

export const subscribeBody = z
  .object(
    {
      subscriptionId: id,
      name: text.nullish(),
      events: z
        .array(z.union([kind, z.object({ event: kind }).transform(({ event }) => event)], 'unsupported event'))
        .min(1, 'must not be empty')
        .max(LONGEST),
      /** Ours: whose changes. By default those of people and flows, as the product; operators' are CUSTOM. */
      sources: z.array(z.enum(SOURCES, 'unsupported source type')).min(1, 'must not be empty').max(4).nullish(),
      criteria: none,
      resources: none,
      users: none,
      profile: z.object(
        {
          profileId: id,
          webhook: z.object({
            notifyUrl: storableText(512, 'size must be between 1 and 512').refine(
              (url) => webhookUrlProblem(url) === undefined,
              'must be an http or https URL',
            ),
          }),
          security: security.nullish(),
          headers: z.record(z.string(), z.never('is not supported here')).nullish(),
          clientCertificateId: z.null('is not supported here').optional(),
          maxBucketSize: z.number().int().min(1).max(MOST_EVENTS).nullish(),
        },
        'must be an object',
      ),
    },
    'must be an object',
  )
  .superRefine(({ profile }, context) => {
    const { type, credentials } = profile.security ?? {};
    const needs = (name: 'username' | 'password' | 'secretKey'): void => {
      if (credentials?.[name] != null) return;
      const path = ['profile', 'security', 'credentials', name];
      context.addIssue({ code: 'custom', path, message: 'must not be null' });
    };
    if (type === 'BASIC') (['username', 'password'] as const).forEach(needs);
    if (type === 'HMAC') needs('secretKey');
  });
export type SubscribeBody = z.output<typeof subscribeBody>;

const wholeNumber = (least: number, most: number) =>
  z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(least, `must be greater than or equal to ${least}`)
    .max(most, `must be less than or equal to ${most}`);

export const subscriptionsQuery = z.object({
  page: wholeNumber(0, LAST_PAGE).default(0),
  size: wholeNumber(1, 100).default(20),
});

export const subscriptionParams = z.object({ subscriptionId: text });

const securityIds = z.object({ authId: z.string().optional() });
export const subscriptionIds = z.object({
  subscriptionId: z.string(),
  profile: z.object({ profileId: z.string(), security: securityIds.optional() }),
});

/** Told once, if the caller brought no secret. */
export const subscribed = subscriptionIds.extend({ signingSecret: z.string().optional() });

export const subscription = subscriptionIds.extend({
  name: z.string().optional(),
  events: z.array(kind),
  sources: z.array(z.enum(SOURCES)),
});

export const subscriptionPage = z.object({
  results: z.array(subscription),
  paging: z.object({
    page: z.number().int(),
    size: z.number().int(),
    totalPages: z.number().int(),
    totalResults: z.number().int(),
  }),
});
