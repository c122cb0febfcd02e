// For operators and their tools: is it alive, does it serve, and how does it do.
import { z } from 'zod';
import { createReadiness } from '../../plugin/readiness.js';
import type { App, GatewayDeps } from '../gateway-deps.js';

const readiness = z.object({
  status: z.enum(['ready', 'unavailable']),
  reasons: z.array(z.object({ part: z.string(), message: z.string() })).optional(),
});

export function registerOperationsRoutes(app: App, deps: GatewayDeps): void {
  let isClosing = false;
  app.addHook('preClose', async () => {
    isClosing = true;
  });
  const isReady = createReadiness({
    part: 'gateway',
    ownProblem: () => (isClosing ? 'The gateway is stopping.' : undefined),
    database: deps.storage.db,
    assertReachable: deps.temporal.assertReachable,
  });

  app.route({
    method: 'GET',
    url: '/healthz',
    config: { access: 'public' },
    schema: { response: { 200: z.object({ status: z.literal('ok') }) } },
    handler: async () => ({ status: 'ok' as const }),
  });

  app.route({
    method: 'GET',
    url: '/readyz',
    config: { access: 'public' },
    schema: { response: { 200: readiness, 503: readiness } },
    handler: async (_request, reply) => {
      const answer = await isReady();
      void reply.header('cache-control', 'no-store');
      if (answer.isReady) return reply.send({ status: 'ready' });
      return reply
        .code(503)
        .header('retry-after', 1)
        .send({ status: 'unavailable', reasons: [...answer.reasons] });
    },
  });

  app.route({
    method: 'GET',
    url: '/metrics',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.read()),
  });
}
