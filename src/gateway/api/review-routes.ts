// Replies that wait for a human: /api/v1/replies/reviews.
import { z } from 'zod';
import { BlocklistError } from '../../domain/errors.js';
import { decideReviews, MOST_DECISIONS, openReviews, REVIEW_DECISIONS } from '../../storage/reply-reviews.js';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { accountQuery } from './account-query.js';

const id = z.string().regex(/^[1-9][0-9]{0,17}$/, 'is the id of a review, see GET /api/v1/replies/reviews');
const decision = z.enum(REVIEW_DECISIONS);
const decided = z.object({ decided: z.array(z.string()) });

const review = z.looseObject({
  id: z.string(),
  accountKey: z.string(),
  contactId: z.string(),
  channel: z.string(),
  sender: z.string(),
  text: z.string(),
  receivedAt: z.string(),
  decideBy: z.string(),
});

export function registerReviewRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'GET',
    url: '/api/v1/replies/reviews',
    config: { access: 'viewer' },
    schema: {
      querystring: accountQuery.extend({
        after: id.optional(),
        limit: z.coerce.number().int().min(1).max(MOST_DECISIONS).optional(),
      }),
      response: { 200: z.object({ reviews: z.array(review) }), ...errors },
    },
    handler: async (request) => {
      const { accountKey, after, limit } = request.query;
      const account = await accountFor(request, storage, accountKey);
      const found = await openReviews(storage.db, account, {
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      });
      return {
        reviews: found.map((one) => ({
          ...one,
          receivedAt: one.receivedAt.toISOString(),
          decideBy: one.decideBy.toISOString(),
        })),
      };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/replies/reviews/:id',
    config: { access: 'editor' },
    schema: {
      params: z.object({ id }),
      querystring: accountQuery,
      body: z.object({ decision }),
      response: { 200: decided, ...errors },
    },
    handler: async (request) => {
      const { params, query, body } = request;
      const account = await accountFor(request, storage, query.accountKey);
      const done = await decideReviews(storage.db, account, [params.id], body.decision, callerOf(request).actor);
      if (done.decided.length === 0) {
        throw new BlocklistError('NOT_FOUND', `Review ${params.id} does not wait for a decision in this account.`);
      }
      return { decided: [...done.decided] };
    },
  });

  app.route({
    method: 'POST',
    url: '/api/v1/replies/reviews',
    config: { access: 'editor' },
    schema: {
      querystring: accountQuery,
      body: z.object({ ids: z.array(id).min(1).max(MOST_DECISIONS), decision }),
      response: { 200: decided, ...errors },
    },
    handler: async (request) => {
      const { query, body } = request;
      const account = await accountFor(request, storage, query.accountKey);
      const done = await decideReviews(storage.db, account, body.ids, body.decision, callerOf(request).actor);
      return { decided: [...done.decided] };
    },
  });
}
