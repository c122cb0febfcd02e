// Presses of opt-out links that look like a machine's: /api/v1/link-bursts. They count until somebody takes them back.
import { z } from 'zod';
import { listBursts, reverseBurst, type LinkBurst } from '../../storage/link-bursts.js';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { accountQuery } from './account-query.js';

const burst = z.object({
  id: z.string(),
  accountKey: z.string(),
  kind: z.enum(['ADDRESS', 'INSTANT', 'USER_AGENT']),
  beganAt: z.string(),
  lastAt: z.string(),
  presses: z.number().int(),
  reversedAt: z.string().optional(),
  reversedBy: z.string().optional(),
  lifted: z.number().int(),
});

/** Thousands of entries are lifted in sets of some hundreds. */
const REVERSE_WITHIN_MS = 10 * 60_000;

export function registerLinkBurstRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/link-bursts',
    config: { access: 'viewer' },
    schema: {
      summary: 'Bursts of presses of opt-out links, the newest first',
      querystring: accountQuery.extend({ limit: z.coerce.number().int().min(1).max(1_000).optional() }),
      response: { 200: z.object({ bursts: z.array(burst) }), ...errors },
    },
    handler: async (request) => {
      const account = await accountFor(request, storage, request.query.accountKey);
      return { bursts: (await listBursts(storage.db, account, request.query.limit)).map(shown) };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/link-bursts/:id/reverse',
    config: { access: 'editor' },
    handlerTimeout: REVERSE_WITHIN_MS,
    schema: {
      summary: 'Lift exactly what the presses of a burst added, where nothing came since; repeatable',
      params: z.object({ id: z.string() }),
      response: { 200: burst, ...errors },
    },
    handler: async (request) => {
      const { account, actor } = callerOf(request);
      return shown(await reverseBurst(storage.db, account, request.params.id, actor));
    },
  });
}

function shown({ beganAt, lastAt, reversedAt, ...rest }: LinkBurst): z.output<typeof burst> {
  return {
    ...rest,
    beganAt: beganAt.toISOString(),
    lastAt: lastAt.toISOString(),
    ...(reversedAt === undefined ? {} : { reversedAt: reversedAt.toISOString() }),
  };
}
