// How replies would be read, without a sender and without effect: /api/v1/replies/classify.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { readReply } from '../../domain/replies/read-reply.js';
import type { App } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';

const MOST_TEXTS = 1_000;
const TEXTS_A_TURN = 20;
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
    config: { access: 'viewer' },
    bodyLimit: BODY_LIMIT,
    schema: {
      body: request,
      response: { 200: z.object({ results: z.array(result) }), ...errors },
    },
    handler: async ({ body: { texts } }) => {
      const results: z.infer<typeof result>[] = [];
      for (const [n, text] of texts.entries()) {
        // Long texts take milliseconds each; others are served in between.
        if (n % TEXTS_A_TURN === TEXTS_A_TURN - 1) await nextTurn();
        const read = readReply(text);
        results.push({ ...read, words: [...read.words] });
      }
      return { results };
    },
  });
}
