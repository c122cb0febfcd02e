// The codec server for Temporal Web: the browser of an operator sends payloads and gets them readable.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BlocklistError } from '../../domain/errors.js';
import { DEFAULT_ACCOUNT_KEY } from '../../domain/scope.js';
import { decodePayloadsJson } from '../../plugin/codec-json.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { isLoopback, isNearby } from '../secrets.js';

/** Temporal's own limit for one message is 4 MB; a page of the web interface asks for many. */
const BODY_LIMIT = 32 << 20;
const LOCAL_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

const payloads = z.object({
  payloads: z.array(z.object({ metadata: z.record(z.string(), z.string()).optional(), data: z.string().optional() })),
});

export function registerCodecRoutes(app: App, { codec, config, authenticate }: GatewayDeps): void {
  const { codecOrigins } = config;
  const isAllowedOrigin = (origin: string | undefined): origin is string =>
    origin !== undefined && (LOCAL_ORIGIN.test(origin) || codecOrigins.includes(origin));

  /** A page of any other origin may not read the answer: what is decoded names people. */
  const allowOrigin = (request: FastifyRequest, reply: FastifyReply): void => {
    const { origin } = request.headers;
    void reply.header('vary', 'origin');
    if (!isAllowedOrigin(origin)) return;
    void reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true');
  };

  const guard = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    allowOrigin(request, reply);
    const { origin } = request.headers;
    if (origin !== undefined && !isAllowedOrigin(origin)) throw refused();
    // Anybody can send a listed origin who is no browser: without the key it counts only where it comes from nearby, as from
    // the browser of this machine through a container's published port, and not through a proxy that faces the world.
    const isListed = origin !== undefined && codecOrigins.includes(origin) && isNearby(request);
    if (isLoopback(request) || isListed) return;
    // Payloads are of any account.
    const caller = await authenticate(request).catch(() => undefined);
    if (caller?.role !== 'administrator' || caller.account.key !== DEFAULT_ACCOUNT_KEY) throw refused();
  };

  app.route({
    method: 'OPTIONS',
    url: '/codec/decode',
    config: { access: 'public' },
    schema: { hide: true },
    handler: async (request, reply) => {
      allowOrigin(request, reply);
      return reply
        .code(204)
        .headers({
          'access-control-allow-methods': 'POST, OPTIONS',
          'access-control-allow-headers': 'content-type, x-namespace, authorization, authorization-extras',
          'access-control-allow-private-network': 'true',
          'access-control-max-age': '600',
        })
        .send();
    },
  });

  app.route({
    method: 'POST',
    url: '/codec/decode',
    // Temporal Web brings no key of ours; the guard says who else may ask.
    config: { access: 'public' },
    bodyLimit: BODY_LIMIT,
    onRequest: guard,
    schema: { body: z.unknown(), response: { 200: payloads, ...errors } },
    handler: async (request) => {
      const decoded = await decodePayloadsJson(codec ?? PLAIN, request.body);
      return { payloads: decoded.payloads.map((payload) => ({ ...payload, metadata: { ...payload.metadata } })) };
    },
  });
}

/** Without keys nothing is encrypted, so nothing has to be opened. */
const PLAIN: NonNullable<GatewayDeps['codec']> = {
  encode: (payloads) => Promise.resolve(payloads),
  decode: (payloads) => Promise.resolve(payloads),
};

function refused(): BlocklistError {
  return new BlocklistError(
    'UNAUTHORIZED',
    'Payloads are decoded for Temporal Web on this machine, for the origins in BLOCKLIST_CODEC_ORIGINS on its own network, ' +
      'and for administrators of the root account.',
  );
}
