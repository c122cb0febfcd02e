// Replies and opt-out links that services hand to the inbound workflows, and the drain that reads what came in.
import { BlocklistError } from '../src/domain/errors.js';
import type { InboundEvent, ReceiveResult } from '../src/domain/step-activities.js';
import { drainShard, type DrainResult, type RulesFor } from '../src/storage/replies.js';
import { pressOptOutLink } from '../src/storage/opt-out-links.js';
import type { InboundReply } from '../src/storage/inbox.js';
import { keywordStore } from '../src/storage/keywords.js';
import { replyPolicyStore } from '../src/storage/reply-policies.js';
import type { ActivityDeps } from './deps.js';
import { acknowledged, askedAt } from './figures.js';
import { present } from '../src/domain/present.js';

export function createInboundActivities({ storage, links, temporal, metrics }: ActivityDeps) {
  const keywords = keywordStore(storage.db);
  const policies = replyPolicyStore(storage.db);

  const rulesFor: RulesFor = async (tx, accountId, channel, senderKey) => {
    const account = await storage.accounts.byId(accountId, tx);
    return {
      keywords: await keywords.keywordsFor(account.ancestors, channel, senderKey, tx),
      policy: await policies.policyFor(account.ancestors, senderKey, tx),
    };
  };

  return {
    /** Store events; when this returns, they hold as if they had come by HTTP. */
    async blocklistReceive(input: { readonly events: readonly InboundEvent[] }): Promise<ReceiveResult> {
      const asked = askedAt();
      const replies = input.events.flatMap((event, index) => (event.kind === 'reply' ? [{ index, event }] : []));
      const received = await storage.inbox.receive(replies.map(({ event }) => toReply(event)));
      const rejected = received.rejected.map(({ index, reason }) => ({
        index: present(replies[index], 'a reply').index,
        reason,
      }));
      let { accepted } = received;
      if (accepted > 0) acknowledged(metrics, 'reply', asked);
      // A service may have used any shard; what it brought is read in its own.
      await temporal.wake(received.shards).catch(() => undefined);
      for (const [index, event] of input.events.entries()) {
        if (event.kind !== 'optOutLink') continue;
        const pressed = await pressOptOutLink(storage, links.keys, event.token, new Date(event.receivedAt));
        if (pressed.kind === 'done') {
          accepted += 1;
          acknowledged(metrics, 'link', asked);
        } else rejected.push({ index, reason: pressed.kind });
      }
      return { accepted, duplicates: received.duplicates, rejected };
    },

    /** Read one portion of a shard. */
    async blocklistDrain(input: { readonly shard: number }): Promise<DrainResult> {
      return drainShard(storage.db, input.shard, rulesFor);
    },
  };
}

function toReply(event: Extract<InboundEvent, { kind: 'reply' }>): InboundReply {
  const receivedAt = new Date(event.receivedAt);
  if (Number.isNaN(receivedAt.getTime())) {
    throw new BlocklistError('INVALID_INPUT', 'receivedAt of an inbound event is not an ISO time.');
  }
  return {
    provider: event.provider,
    messageId: event.messageId,
    from: event.from,
    to: event.to,
    channel: event.channel,
    text: event.text,
    receivedAt,
    ...(event.inReplyTo === undefined ? {} : { inReplyTo: event.inReplyTo }),
    ...(event.campaignReferenceId === undefined ? {} : { campaign: event.campaignReferenceId }),
  };
}
