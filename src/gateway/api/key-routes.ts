// API keys: /api/v1/keys. A key is told once, in the answer that makes it.
import { z } from 'zod';
import { BlocklistError } from '../../domain/errors.js';
import { ROLES } from '../../domain/roles.js';
import { apiKeyStore, type ApiKey } from '../../storage/api-keys.js';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountKey } from './account-query.js';

const LARGEST_ID = 2_147_483_647;

const apiKey = z.object({
  id: z.number().int(),
  prefix: z.string(),
  name: z.string(),
  role: z.enum(ROLES),
  accountKey,
  createdAt: z.iso.datetime(),
  createdBy: z.string(),
  revokedAt: z.iso.datetime().optional(),
  revokedBy: z.string().optional(),
});

export function registerKeyRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  const keys = apiKeyStore(storage.db);

  app.route({
    method: 'GET',
    url: '/api/v1/keys',
    config: { access: 'administrator' },
    schema: {
      summary: 'Keys of the account and those below it, revoked ones too',
      response: { 200: z.object({ keys: z.array(apiKey) }), ...errors },
    },
    handler: async (request) => ({ keys: (await keys.list(callerOf(request).account)).map(shown) }),
  });

  app.route({
    method: 'POST',
    url: '/api/v1/keys',
    config: { access: 'administrator' },
    schema: {
      summary: 'Make a key for the account or one below it',
      body: z.strictObject({
        name: storableText(100),
        role: z.enum(ROLES),
        accountKey: accountKey.optional(),
      }),
      response: { 201: apiKey.extend({ key: z.string() }), ...errors },
    },
    handler: async (request, reply) => {
      const { accountKey, ...wish } = request.body;
      const account = await accountFor(request, storage, accountKey);
      const { key, stored } = await keys.create(account, wish, callerOf(request).actor);
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ...shown(stored), key });
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/keys/:id',
    config: { access: 'administrator' },
    schema: {
      summary: 'Revoke a key: it opens nothing from the next request on',
      params: z.object({ id: z.coerce.number().int().min(1).max(LARGEST_ID) }),
      response: { 200: apiKey, ...errors },
    },
    handler: async (request) => {
      const { account, actor } = callerOf(request);
      const revoked = await keys.revoke(account, request.params.id, actor);
      if (revoked === undefined) throw new BlocklistError('NOT_FOUND', 'There is no API key with this id.');
      return shown(revoked);
    },
  });
}

function shown({ createdAt, revokedAt, ...key }: ApiKey): z.output<typeof apiKey> {
  return {
    ...key,
    createdAt: createdAt.toISOString(),
    ...(revokedAt === undefined ? {} : { revokedAt: revokedAt.toISOString() }),
  };
}
