// The automatic answer to a reply: an ordinary service message, so no entry is passed, sent in the hours of its keyword.
import { opensAt } from '../src/domain/delivery-window.js';
import type { SendOutcome } from '../src/domain/outcome.js';
import { readFollowed } from '../src/storage/automatic-replies.js';
import { sendAutomatic } from './automatic-send.js';
import type { ActivityDeps } from './deps.js';

export type AutoReply =
  | SendOutcome
  /** The reply is known no more. */
  | { readonly outcome: 'nothing' }
  | { readonly outcome: 'waiting'; readonly afterMs: number };

/** What a halt held so long is answered no more. */
const VALID_FOR_SECONDS = 86_400;
const ASK_AGAIN_MS = 5_000;

export function createAutoReplyActivities(deps: ActivityDeps) {
  return {
    async blocklistAnswer(input: { readonly inboxId: string }): Promise<AutoReply> {
      const reply = await readFollowed(deps.storage.db, input.inboxId);
      const answer = reply?.followUp.answer;
      if (reply === undefined || answer === undefined) return { outcome: 'nothing' };
      const now = new Date();
      const afterMs = answer.window === undefined ? 0 : opensAt(now, answer.window).getTime() - now.getTime();
      if (afterMs > 0) return { outcome: 'waiting', afterMs };
      const sent = await sendAutomatic(deps, {
        accountId: reply.accountId,
        accountKey: reply.accountKey,
        contactId: reply.contactId,
        channel: reply.channel,
        sender: answer.sender ?? reply.sender,
        text: answer.message,
        kind: 'answer',
        key: `answer ${input.inboxId}`,
        validForSeconds: VALID_FOR_SECONDS,
      });
      return sent ?? { outcome: 'waiting', afterMs: ASK_AGAIN_MS };
    },
  };
}
