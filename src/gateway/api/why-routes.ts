// Why somebody was or was not written to: /api/v1/why/{destination}.
import { z } from 'zod';
import { ledgerStore } from '../../storage/ledger.js';
import { accountFor } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { accountQuery } from './account-query.js';
import { destinationOf } from './destination-parameter.js';

const MOST_MESSAGES = 1_000;

const history = z.looseObject({
  accountKey: z.string(),
  summary: z.string(),
  entries: z.array(z.unknown()),
  events: z.array(z.unknown()),
  messages: z.array(z.unknown()),
  replies: z.array(z.unknown()),
});

export function registerWhyRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  const ledger = ledgerStore(storage.db, storage.contacts);

  app.route({
    method: 'GET',
    url: '/api/v1/why/:destination',
    config: { access: 'viewer' },
    schema: {
      params: z.object({ destination: z.string() }),
      querystring: accountQuery.extend({
        /** A past moment: what stood on the list then. */
        at: z.iso.datetime({ offset: true }).optional(),
        messages: z.coerce.number().int().min(1).max(MOST_MESSAGES).optional(),
      }),
      response: { 200: history, ...errors },
    },
    handler: async (request) => {
      const { accountKey, at, messages } = request.query;
      const destination = destinationOf(request.params.destination);
      const account = await accountFor(request, storage, accountKey);
      const found = await ledger.why(account, destination, {
        ...(at === undefined ? {} : { at: new Date(at) }),
        ...(messages === undefined ? {} : { messages }),
      });
      return {
        ...found,
        entries: [...found.entries],
        events: [...found.events],
        messages: [...found.messages],
        replies: [...found.replies],
      };
    },
  });
}
