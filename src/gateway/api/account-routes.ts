// The account tree: /api/v1/accounts. An account is made below another one and stays there.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountKey } from './account-query.js';

const account = z.object({
  accountKey,
  parentKey: accountKey.optional(),
  name: z.string().optional(),
  createdAt: z.iso.datetime(),
});

export function registerAccountRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/accounts',
    config: { access: 'viewer' },
    schema: {
      summary: "The key's account and those below it, parents before children",
      response: { 200: z.object({ accounts: z.array(account) }), ...errors },
    },
    handler: async (request) => {
      const accounts = await storage.accounts.list(callerOf(request).account);
      return { accounts: accounts.map((each) => ({ ...each, createdAt: each.createdAt.toISOString() })) };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/accounts',
    config: { access: 'administrator' },
    schema: {
      summary: 'Make an account; the same request again changes nothing',
      body: z.strictObject({
        /** Default: a new one. */
        accountKey: accountKey.optional(),
        /** Default: the key's own account. */
        parentKey: accountKey.optional(),
        name: storableText(100).optional(),
      }),
      response: { 201: z.object({ accountKey, parentKey: accountKey }), ...errors },
    },
    handler: async (request, reply) => {
      const { accountKey: key = newAccountKey(), parentKey, name } = request.body;
      const parent = await accountFor(request, storage, parentKey);
      await storage.accounts.create(key, parent.key, name);
      return reply.code(201).send({ accountKey: key, parentKey: parent.key });
    },
  });
}

function newAccountKey(): string {
  return randomBytes(16).toString('hex').toUpperCase();
}
