// Who may call: keys and secrets are compared in constant time, whatever their lengths.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { BlocklistError } from '../domain/errors.js';

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function hasApiKey(request: FastifyRequest, apiKey: string | undefined): boolean {
  const given = givenKey(request.headers.authorization);
  return apiKey !== undefined && given !== undefined && isSame(given, digest(apiKey));
}

/**
 * For webhooks: the shared secret in `x-webhook-secret`. Without one configured only this machine may call, and only if the
 * composition allows it; a request that came through a proxy is not from this machine.
 */
export function webhookGuard(secret: string | undefined, allowLoopback: boolean): Guard {
  const expected = secret === undefined ? undefined : digest(secret);
  return async (request) => {
    if (expected === undefined) {
      if (allowLoopback && isLoopback(request)) return;
      throw new BlocklistError(
        'UNAUTHORIZED',
        'Webhooks from other machines need a secret. Set BLOCKLIST_WEBHOOK_SECRET here and x-webhook-secret at the sender.',
      );
    }
    const given = request.headers['x-webhook-secret'];
    if (typeof given !== 'string' || !isSame(given, expected)) {
      throw new BlocklistError('UNAUTHORIZED', 'The header x-webhook-secret is missing or wrong.');
    }
  };
}

const PRIVATE =
  /^((::ffff:)?(10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)[\d.]+|(f[cd][\da-f]{2}|fe[89ab][\da-f]):.*)$/i;
const LOOPBACK = /^(::1|(::ffff:)?127(\.\d{1,3}){3})$/;

export function isLoopback(request: FastifyRequest): boolean {
  return comesFrom(request, LOOPBACK);
}

/** From this machine or a private network (RFC 1918, RFC 4193, link-local), and through no proxy. */
export function isNearby(request: FastifyRequest): boolean {
  return comesFrom(request, LOOPBACK) || comesFrom(request, PRIVATE);
}

function comesFrom(request: FastifyRequest, addresses: RegExp): boolean {
  const { remoteAddress } = request.socket;
  const isForwarded = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
  return remoteAddress !== undefined && addresses.test(remoteAddress) && !isForwarded;
}

/** The key of `Authorization: App <key>`, `Bearer <key>`, or Basic with the key as the password. */
export function givenKey(header: string | undefined): string | undefined {
  const match = /^(App|Bearer|Basic) +(\S{1,1000})$/i.exec(header ?? '');
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  if (match[1].toLowerCase() !== 'basic') return match[2];
  const text = Buffer.from(match[2], 'base64').toString('utf8');
  const colon = text.indexOf(':');
  // Tools that know user names only put the key there and leave the password empty.
  return text.slice(colon + 1) || text.slice(0, Math.max(colon, 0));
}

/** Digests have one length, whatever was given. */
function isSame(given: string, expected: Buffer): boolean {
  return timingSafeEqual(digest(given), expected);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
