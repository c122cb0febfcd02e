// Would messages go out now? /api/v1/check, for up to 50,000 destinations at once. Reads only, and reserves nothing.
import { z } from 'zod';
import { SENDING_CHANNELS } from '../../domain/channel.js';
import { normaliseAtTheDoor, type Destination } from '../../domain/destinations.js';
import { preview, type Verdict } from '../../storage/preview.js';
import { accountFor } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountKey } from './account-query.js';

const MOST_DESTINATIONS = 50_000;
/** 50,000 e-mail addresses of the greatest length. */
const BODY_LIMIT = 16 << 20;

const result = z.object({
  /** As it was given. */
  destination: z.string(),
  verdict: z.enum(['permitted', 'held', 'blocked', 'invalid']),
  /** Why it is held or invalid. */
  reason: z.string().optional(),
  /** The entry that blocks it. */
  explanation: z.looseObject({ entryId: z.string(), source: z.string(), since: z.string() }).optional(),
});
type Result = z.output<typeof result>;

export function registerCheckRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  app.route({
    method: 'POST',
    url: '/api/v1/check',
    config: { access: 'viewer' },
    bodyLimit: BODY_LIMIT,
    schema: {
      summary: 'Tell of each destination whether a message would go out now; in the order asked',
      body: z.strictObject({
        channel: z.enum(SENDING_CHANNELS),
        /** Without it only what holds for any sender counts. */
        sender: storableText(255).optional(),
        purpose: z.enum(['MARKETING', 'SERVICE']).optional(),
        accountKey: accountKey.optional(),
        destinations: z.array(z.string().max(1_024)).min(1).max(MOST_DESTINATIONS),
      }),
      response: { 200: z.object({ results: z.array(result) }), ...errors },
    },
    handler: async (request, reply) => {
      const { channel, sender, purpose, destinations, accountKey: key } = request.body;
      const account = await accountFor(request, storage, key);
      const read = destinations.map((text) => normaliseAtTheDoor(text, channel));
      const valid = read.flatMap((each): Destination[] => (each.ok ? [each.destination] : []));
      const scope = {
        account,
        channel,
        ...(sender === undefined ? {} : { sender }),
        ...(purpose === undefined ? {} : { purpose }),
      };
      const verdicts = await preview(storage.db, storage.contacts, scope, valid);
      let at = 0;
      const results = destinations.map((destination, n): Result => {
        const each = read[n];
        if (each?.ok === true) return { destination, ...shown(verdicts[at++]) };
        return { destination, verdict: 'invalid', ...(each === undefined ? {} : { reason: each.reason }) };
      });
      // Made here from typed parts: to check 50,000 rows once more would take longer than to find them.
      return reply.type('application/json').serializer(JSON.stringify).send({ results });
    },
  });
}

function shown(verdict: Verdict | undefined): Omit<Result, 'destination'> {
  if (verdict === undefined) return { verdict: 'invalid' };
  const { kind, ...why } = verdict;
  return { verdict: kind, ...why } as Omit<Result, 'destination'>;
}
