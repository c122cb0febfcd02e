// How replies would be read, without a sender and without effect: /api/v1/replies/classify.
import { z } from 'zod';
import { readReply } from '../../domain/replies/read-reply.js';
import type { App } from '../gateway-deps.js';
import { errorBody } from '../http-errors.js';

const MOST_TEXTS = 1_000;
/** A thousand replies of 16 kB, each letter of them escaped at worst. */
const BODY_LIMIT = 100 << 20;

const request = z.object({
  texts: z.array(z.string()).max(MOST_TEXTS, `at most ${MOST_TEXTS} texts in one request; send the rest in another`),
});

const result = z.object({
  label: z.enum(['opt_out', 'opt_in', 'help', 'other']),
  /** What the recogniser's own grading would do: opt out at once, ask a human, or nothing. */
  action: z.enum(['act', 'review', 'none']),
  reason: z.string(),
  words: z.array(z.string()),
  language: z.string(),
  confidence: z.number(),
});

export function registerClassifyRoutes(app: App): void {
  app.route({
    method: 'POST',
    url: '/api/v1/replies/classify',
    bodyLimit: BODY_LIMIT,
    schema: {
      body: request,
      response: { 200: z.object({ results: z.array(result) }), '4xx': errorBody, '5xx': errorBody },
    },
    handler: async (asked) => ({
      results: asked.body.texts.map((text) => {
        const read = readReply(text);
        return { ...read, words: [...read.words] };
      }),
    }),
  });
}
