// What an account has set for itself and those below it: /api/v1/settings.
import { z } from 'zod';
import { accountSettings, setAccountSettings } from '../../storage/settings.js';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { accountQuery } from './account-query.js';

const settings = z.strictObject({
  /** Opt-out pages let the person choose between this sender and everything. */
  optOutScopeChoice: z.boolean(),
});

export function registerSettingsRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/settings',
    config: { access: 'viewer' },
    schema: {
      summary: 'The settings that hold for the account',
      querystring: accountQuery,
      response: { 200: settings, ...errors },
    },
    handler: async (request) =>
      accountSettings(storage.db, await accountFor(request, storage, request.query.accountKey)),
  });

  app.route({
    method: 'PATCH',
    url: '/api/v1/settings',
    config: { access: 'administrator' },
    schema: {
      summary: 'Change what is named; answers the settings that hold then',
      querystring: accountQuery,
      body: settings.partial(),
      response: { 200: settings, ...errors },
    },
    handler: async (request) => {
      const account = await accountFor(request, storage, request.query.accountKey);
      await setAccountSettings(storage.db, account, request.body, callerOf(request).actor);
      return accountSettings(storage.db, account);
    },
  });
}
