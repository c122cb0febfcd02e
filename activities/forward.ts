// Forwarding a reply to the address of its keyword. The workflow waits between the attempts; the address and the text stay
// in the database.
import { forwardedReply } from '../src/domain/forwarded-reply.js';
import { forwardRetryMs } from '../src/domain/webhook-retries.js';
import { readFollowed } from '../src/storage/automatic-replies.js';
import type { ActivityDeps } from './deps.js';

export type Forwarded =
  | { readonly outcome: 'forwarded' }
  /** The reply is known no more, or was erased. */
  | { readonly outcome: 'nothing' }
  /** Without `afterMs` it was the last attempt. */
  | { readonly outcome: 'failed'; readonly detail: string; readonly afterMs?: number };

export function createForwardActivities({ storage, webhooks, retries }: ActivityDeps) {
  return {
    /** `retry` counts from 0, the first attempt. */
    async blocklistForward(input: { readonly inboxId: string; readonly retry: number }): Promise<Forwarded> {
      const reply = await readFollowed(storage.db, input.inboxId);
      const forwarding = reply?.followUp.forwarding;
      if (reply?.from === undefined || reply.text === undefined || forwarding === undefined) {
        return { outcome: 'nothing' };
      }
      const { channel, from, sender: to, messageId, text, receivedAt, campaign, pairedMessageId } = reply;
      const { keyword } = forwarding;
      const body = forwardedReply({
        channel,
        from,
        to,
        messageId,
        text,
        receivedAt,
        ...(keyword === undefined ? {} : { keyword }),
        ...(campaign === undefined ? {} : { campaign }),
        ...(pairedMessageId === undefined ? {} : { pairedMessageId }),
      });
      const answer = await webhooks.post({ url: forwarding.url, body: JSON.stringify(body) });
      if (answer.kind === 'accepted') return { outcome: 'forwarded' };
      const afterMs = forwardRetryMs(input.retry + 1, retries.minuteMs);
      return { outcome: 'failed', detail: answer.detail, ...(afterMs === undefined ? {} : { afterMs }) };
    },
  };
}
