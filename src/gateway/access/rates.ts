// How often one API key may call: a limit for everything it does, and the rates that the product documents for a route.
import rateLimit from '@fastify/rate-limit';
import type { Limits } from '../../config.js';
import { BlocklistError } from '../../domain/errors.js';
import type { App } from '../gateway-deps.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the product documents for this route; holds where BLOCKLIST_DOCUMENTED_RATES is on. */
    documentedRate?: { readonly requests: number; readonly perSeconds: number };
  }
}

const SILENT = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };

/** After `guardRoutes`: the caller must be known. Routes that ask for no key are left alone. */
export async function limitRates(app: App, limits: Limits): Promise<void> {
  app.addHook('onRoute', (route) => {
    const rate = route.config?.documentedRate;
    if (rate === undefined || !limits.documentedRates) return;
    route.config = { ...route.config, rateLimit: { max: rate.requests, timeWindow: rate.perSeconds * 1000 } };
  });
  await app.register(rateLimit, {
    global: limits.requestsPerSecond > 0,
    max: limits.requestsPerSecond,
    timeWindow: 1_000,
    keyGenerator: (request) => request.caller?.actor ?? '',
    allowList: (request) => request.caller === undefined,
    addHeaders: { ...SILENT, 'retry-after': true },
    addHeadersOnExceeding: SILENT,
    errorResponseBuilder: () =>
      new BlocklistError('TOO_MANY_REQUESTS', 'This API key has made too many requests. Try again after Retry-After.'),
  });
}
