// The product's Subscriptions interface for changes of the blocklist. Deliveries are the workflow's, `blocklistEvents`.
import { randomBytes } from 'node:crypto';
import type { z } from 'zod';
import { BlocklistError, InvalidInputError } from '../../domain/errors.js';
import type { Source } from '../../domain/scope.js';
import { subscriptionStore, type Subscription } from '../../storage/subscriptions.js';
import { callerOf } from '../access/caller.js';
import { platformError, platformErrors } from '../error-envelopes.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import {
  subscribeBody,
  subscribed,
  subscription,
  subscriptionIds,
  subscriptionPage,
  subscriptionParams,
  subscriptionsQuery,
} from './subscription-schemas.js';

const URL = '/subscriptions/1/subscription/BLOCKLIST';
const ERRORS = { ...platformErrors, 404: platformError };
const DEFAULT_SOURCES: readonly Source[] = ['MO', 'URL_OPT_OUT', 'CAMPAIGN'];
const DEFAULT_MOST_EVENTS = 200;

export function registerSubscriptionRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  const subscriptions = subscriptionStore(storage.db);

  app.route({
    method: 'POST',
    url: URL,
    config: { access: 'administrator', envelope: 'platform' },
    schema: {
      summary: 'Be told of changes of the blocklist of the account and those below it, from now on',
      body: subscribeBody,
      response: { 201: subscribed, ...ERRORS },
    },
    handler: async (request, reply) => {
      const { subscriptionId: key, name, events, sources, profile } = request.body;
      const { account, actor } = callerOf(request);
      const { type, authId, credentials } = profile.security ?? {};
      const given = type === 'HMAC' ? credentials?.secretKey : undefined;
      const secret = given ?? randomBytes(32).toString('base64url');
      const login = type === 'BASIC' ? credentials : undefined;
      const made = await subscriptions.create(
        account,
        {
          key,
          kinds: [...new Set(events)],
          sources: [...new Set(sources ?? DEFAULT_SOURCES)],
          profileKey: profile.profileId,
          url: profile.webhook.notifyUrl,
          mostEvents: profile.maxBucketSize ?? DEFAULT_MOST_EVENTS,
          secret,
          ...(name == null ? {} : { name }),
          ...(authId === undefined ? {} : { authKey: authId }),
          ...(login?.username == null ? {} : { username: login.username }),
          ...(login?.password == null ? {} : { password: login.password }),
        },
        actor,
      );
      if (made === undefined) throw new InvalidInputError([{ path: 'subscriptionId', message: 'must be unique' }]);
      return reply
        .code(201)
        .header('location', `${URL}/${key}`)
        .header('cache-control', 'no-store')
        .send({ ...ids(made), ...(given == null ? { signingSecret: secret } : {}) });
    },
  });

  app.route({
    method: 'GET',
    url: URL,
    config: { access: 'viewer', envelope: 'platform' },
    schema: {
      summary: 'Subscriptions of the account, the latest first',
      querystring: subscriptionsQuery,
      response: { 200: subscriptionPage, ...ERRORS },
    },
    handler: async (request) => {
      const { page, size } = request.query;
      const { subscriptions: found, total } = await subscriptions.list(callerOf(request).account, { page, size });
      return {
        results: found.map(shown),
        paging: { page, size, totalPages: Math.ceil(total / size), totalResults: total },
      };
    },
  });

  app.route({
    method: 'GET',
    url: `${URL}/:subscriptionId`,
    config: { access: 'viewer', envelope: 'platform' },
    schema: {
      summary: 'One subscription',
      params: subscriptionParams,
      response: { 200: subscription, ...ERRORS },
    },
    handler: async (request) => {
      const { subscriptionId } = request.params;
      return shown(known(await subscriptions.find(callerOf(request).account, subscriptionId)));
    },
  });

  app.route({
    method: 'DELETE',
    url: `${URL}/:subscriptionId`,
    config: { access: 'administrator', envelope: 'platform' },
    schema: {
      summary: 'End a subscription; what waits for it is told to nobody',
      params: subscriptionParams,
      response: { 200: subscriptionIds, ...ERRORS },
    },
    handler: async (request) => {
      const { subscriptionId } = request.params;
      return ids(known(await subscriptions.remove(callerOf(request).account, subscriptionId)));
    },
  });
}

function known(found: Subscription | undefined): Subscription {
  if (found === undefined) throw new BlocklistError('NOT_FOUND', 'There is no subscription with this id.');
  return found;
}

function ids({ key, profileKey, authKey }: Subscription): z.output<typeof subscriptionIds> {
  return {
    subscriptionId: key,
    profile: { profileId: profileKey, ...(authKey === undefined ? {} : { security: { authId: authKey } }) },
  };
}

function shown(found: Subscription): z.output<typeof subscription> {
  const { name, kinds, sources } = found;
  return { ...ids(found), ...(name === undefined ? {} : { name }), events: [...kinds], sources: [...sources] };
}
