// Opt-out links: /u/{token}. GET and HEAD show a page and never write, whoever prefetches them; only POST acts, and it is
// answered when no provider call in scope can start any more.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { dayNumber, readOptOutLink } from '../../domain/opt-out-link.js';
import type { Level } from '../../domain/scope.js';
import { isUndoProof, undoProof } from '../../domain/undo-proof.js';
import { notePress } from '../../storage/link-bursts.js';
import { pressOptOutLink, readLink, undoPress } from '../../storage/opt-out-links.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { answerOf, routeOf } from '../http-errors.js';
import { FIELDS, PAGE_SECURITY_POLICY, renderPage, type Page } from './opt-out-page.js';
import { pageLanguage } from './page-language.js';

/** Whatever a form or a mail program adds fits; a body is only asked whether it is a one-click post. */
const BODY_LIMIT = 64 << 10;
/** RFC 8058 3.1: the one field of the post, URL-encoded or as multipart. */
const ONE_CLICK = /List-Unsubscribe(?:=|"\s+)One-Click/i;
const LEVELS: readonly Level[] = ['FROM_SENDER', 'FROM_ANY_SENDER'];

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
      if (shown === 'invalid') return sendPage(request, reply, 404, { state: 'invalid' });
      const { hasLeft, hasLeftSender, ...page } = shown;
      const hasLeftOne = hasLeftSender && page.mayChoose;
      const level = hasLeftOne && !hasLeft ? 'FROM_SENDER' : page.level;
      return sendPage(request, reply, 200, { ...page, level, state: hasLeft || hasLeftOne ? 'confirmed' : 'ask' });
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
      const body = typeof request.body === 'string' ? request.body : '';
      const fields = new URLSearchParams(body);
      const proof = fields.get(FIELDS.undo);
      if (proof !== null && isUndoProof(config.linkKeys, token, proof)) return takeBack(token, request, reply);

      const arrivedAt = new Date();
      const isOneClick = ONE_CLICK.test(body);
      const evidence = { by: isOneClick ? 'one-click' : 'page' };
      const chosen = LEVELS.find((level) => level === fields.get(FIELDS.scope));
      const press = await pressOptOutLink(storage, config.linkKeys, token, arrivedAt, evidence, chosen);
      if (press.kind !== 'done') return sendPage(request, reply, 404, { state: 'invalid' });
      metrics.observeSilence('link', (Date.now() - arrivedAt.getTime()) / 1000);
      // RFC 8058 3.1: nobody sees a page, so none is made. Mailbox providers press for many people from few addresses, each
      // time because a person asked for it: that is no burst.
      if (isOneClick)
        return reply.code(200).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send('');
      if (press.effect === 'added') await note(request, press.eventId, arrivedAt);
      const shown = await linkShown(token);
      return sendPage(request, reply, 200, {
        ...(shown === 'invalid' ? {} : shown),
        state: 'confirmed',
        level: press.level,
        // Only the answer to the press itself offers it: who opens the link later, a scanner say, finds nothing to undo.
        ...(press.effect === 'added' ? { undo: undoProof(config.linkKeys, token) } : {}),
      });
    },
  });

  async function takeBack(token: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { kind } = await undoPress(storage.db, config.linkKeys, token, new Date(), { by: 'page' });
    return sendPage(request, reply, 200, { state: kind === 'undone' ? 'undone' : 'stands' });
  }

  /** The opt-out stands by now; that a burst is noticed a press too late harms nobody. */
  async function note(request: FastifyRequest, eventId: string, at: Date): Promise<void> {
    const userAgent = request.headers['user-agent'];
    const origin = { address: request.ip, ...(userAgent === undefined ? {} : { userAgent }) };
    await notePress(storage.db, config.hashKey, eventId, at, origin).catch((error: unknown) =>
      request.log.error({ err: error }, 'a press of an opt-out link could not be noted'),
    );
  }

  /** What the link is about. A page is worth showing even when the database cannot tell. */
  async function linkShown(token: string) {
    const now = new Date();
    const link = readOptOutLink(config.linkKeys, token, { nowDay: dayNumber(now) });
    if (link.kind !== 'valid') return 'invalid';
    const { level } = link.payload;
    const facts = await readLink(storage.db, config.linkKeys, token, now).catch(() => undefined);
    if (facts === undefined) return { hasLeft: false, hasLeftSender: false, mayChoose: false, level };
    const { hasLeft, hasLeftSender, mayChoose, sender, channel } = facts;
    return { hasLeft, hasLeftSender, mayChoose, level, sender: { sender, channel } };
  }
}

function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  page: Omit<Page, 'language'>,
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
    .send(renderPage({ ...page, language }));
}

/** People see a page in their language and never our error format. */
function answerWithPage(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, retryAfterSeconds } = answerOf(error, request.id);
  if (status < 500) return sendPage(request, reply, status, { state: 'invalid' });
  request.log.error({ err: error, route: routeOf(request), status }, 'an opt-out could not be saved');
  if (retryAfterSeconds !== undefined) reply.header('retry-after', retryAfterSeconds);
  return sendPage(request, reply, status, { state: 'unavailable' });
}
