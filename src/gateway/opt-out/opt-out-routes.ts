// Opt-out links: /u/{token}. GET and HEAD show a page and never write, whoever prefetches them; only POST acts, and it is
// answered when no provider call in scope can start any more.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { dayNumber, readOptOutLink } from '../../domain/opt-out-link.js';
import { pressOptOutLink, readLink } from '../../storage/opt-out-links.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { answerOf, routeOf } from '../http-errors.js';
import { PAGE_SECURITY_POLICY, renderPage, type Page, type PageState } from './opt-out-page.js';
import { pageLanguage } from './page-language.js';

/** Whatever a form or a mail program adds fits; a body is only asked whether it is a one-click post. */
const BODY_LIMIT = 64 << 10;
/** RFC 8058 3.1: the one field of the post, URL-encoded or as multipart. */
const ONE_CLICK = /List-Unsubscribe(?:=|"\s+)One-Click/i;

/** A full stop or bracket after the link in a text often ends up in the address. */
const params = z.object({
  token: z.string().transform((token) => token.slice(0, 200).replace(/[^A-Za-z0-9_-]+$/, '')),
});

export function registerOptOutRoutes(app: App, { config, storage, metrics }: GatewayDeps): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string', bodyLimit: BODY_LIMIT }, (_request, body, done) =>
    done(null, body),
  );
  app.setErrorHandler(answerWithPage);

  app.route({
    method: 'GET',
    url: '/u/:token',
    config: { access: 'public' },
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const shown = await linkShown(request.params.token);
      if (shown === 'invalid') return sendPage(request, reply, 404, 'invalid');
      return sendPage(request, reply, 200, shown.hasLeft ? 'confirmed' : 'ask', shown.sender);
    },
  });

  app.route({
    method: 'POST',
    url: '/u/:token',
    config: { access: 'public' },
    bodyLimit: BODY_LIMIT,
    schema: { hide: true, params },
    handler: async (request, reply) => {
      const { token } = request.params;
      const arrivedAt = new Date();
      const isOneClick = typeof request.body === 'string' && ONE_CLICK.test(request.body);
      const evidence = { by: isOneClick ? 'one-click' : 'page' };
      const press = await pressOptOutLink(storage, config.linkKeys, token, arrivedAt, evidence);
      if (press.kind !== 'done') return sendPage(request, reply, 404, 'invalid');
      metrics.observeSilence('link', (Date.now() - arrivedAt.getTime()) / 1000);
      // RFC 8058 3.1: nobody sees a page, so none is made.
      if (isOneClick)
        return reply.code(200).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send('');
      const shown = await linkShown(token);
      return sendPage(request, reply, 200, 'confirmed', shown === 'invalid' ? undefined : shown.sender);
    },
  });

  /** Whose messages the link is about (none: everybody's). A page is worth showing even when the database cannot tell. */
  async function linkShown(token: string): Promise<{ hasLeft: boolean; sender?: Page['sender'] } | 'invalid'> {
    const now = new Date();
    const link = readOptOutLink(config.linkKeys, token, { nowDay: dayNumber(now) });
    if (link.kind !== 'valid') return 'invalid';
    const facts = await readLink(storage.db, config.linkKeys, token, now).catch(() => undefined);
    if (facts === undefined) return { hasLeft: false };
    return { hasLeft: facts.hasLeft, ...(link.payload.level === 'FROM_SENDER' ? { sender: facts } : {}) };
  }
}

function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  state: PageState,
  sender?: Page['sender'],
): FastifyReply {
  const { lang } = request.query as { readonly lang?: unknown };
  const language = pageLanguage(typeof lang === 'string' ? lang : undefined, request.headers['accept-language']);
  return reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({
      'cache-control': 'no-store',
      'content-language': language,
      'content-security-policy': PAGE_SECURITY_POLICY,
      'referrer-policy': 'no-referrer',
      vary: 'accept-language',
      'x-robots-tag': 'noindex',
    })
    .send(renderPage({ state, language, ...(sender === undefined ? {} : { sender }) }));
}

/** People see a page in their language and never our error format. */
function answerWithPage(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, retryAfterSeconds } = answerOf(error, request.id);
  if (status < 500) return sendPage(request, reply, status, 'invalid');
  request.log.error({ err: error, route: routeOf(request), status }, 'an opt-out could not be saved');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return sendPage(request, reply, status, 'unavailable');
}
