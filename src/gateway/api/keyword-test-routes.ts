// What would this reply do, sent to this sender? /api/v1/keywords/test. Changes nothing.
import { z } from 'zod';
import { SENDING_CHANNELS } from '../../domain/channel.js';
import { interpret } from '../../domain/replies/interpret.js';
import { senderKey } from '../../domain/sender.js';
import { keywordStore } from '../../storage/keywords.js';
import { replyPolicyStore } from '../../storage/reply-policies.js';
import { accountFor } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { storableText } from '../storable-text.js';
import { accountKey } from './account-query.js';

/** As long as what is kept of a reply. */
const LONGEST_REPLY = 20_000;

export function registerKeywordTestRoutes(app: App, { bulkStorage: storage }: GatewayDeps): void {
  const keywords = keywordStore(storage.db);
  const policies = replyPolicyStore(storage.db);

  app.route({
    method: 'POST',
    url: '/api/v1/keywords/test',
    config: { access: 'viewer' },
    schema: {
      summary: 'Tell how a reply would be read; changes nothing',
      body: z.strictObject({
        text: z.string().max(LONGEST_REPLY),
        channel: z.enum(SENDING_CHANNELS),
        /** The sender that the reply comes to. */
        sender: storableText(255),
        accountKey: accountKey.optional(),
      }),
      response: {
        200: z.object({
          action: z.enum(['BLOCK', 'UNBLOCK', 'HELP', 'NONE', 'REVIEW']),
          /** What an action reaches; of BLOCK and UNBLOCK alone. */
          level: z.enum(['FROM_ANY_SENDER', 'FROM_SENDER']).optional(),
          keyword: z.string(),
          cleanText: z.string(),
          /** True: by the built-in words, not by a configured keyword. */
          builtIn: z.boolean(),
          /** The configured keyword that matched. */
          ruleId: z.string().optional(),
          autoResponse: z.string().optional(),
        }),
        ...errors,
      },
    },
    handler: async (request) => {
      const { text, channel, sender, accountKey: key } = request.body;
      const account = await accountFor(request, storage, key);
      const rules = await keywords.keywordsFor(account.ancestors, channel, senderKey(sender));
      const policy = await policies.policyFor(account.ancestors, senderKey(sender));
      const { action, keyword: word } = interpret(text, rules, policy);
      const { level, keyword, cleanText, builtIn, rule } = word;
      return {
        action,
        keyword,
        cleanText,
        builtIn,
        ...(action === 'BLOCK' || action === 'UNBLOCK' ? { level } : {}),
        ...(rule?.id === undefined ? {} : { ruleId: rule.id }),
        ...(rule?.autoResponse === undefined ? {} : { autoResponse: rule.autoResponse }),
      };
    },
  });
}
