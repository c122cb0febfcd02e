// The one confirmation of an opt-out by reply. It is the only send that passes an entry, and only within five minutes.
import { opensAt } from '../src/domain/delivery-window.js';
import type { SendOutcome } from '../src/domain/outcome.js';
import { readConfirmable } from '../src/storage/confirmations.js';
import { sendAutomatic } from './automatic-send.js';
import type { ActivityDeps } from './deps.js';
import { later } from './failures.js';

/** Used where the keyword has no automatic response of its own. Confirms and nothing else: no marketing. */
export const DEFAULT_CONFIRMATION =
  'You have opted out and will receive no more messages from us. Reply START to return.';

export type Confirmation = SendOutcome | { readonly outcome: 'tooLate' };

export function createConfirmActivities(deps: ActivityDeps) {
  return {
    async blocklistConfirm(input: { readonly eventId: string }): Promise<Confirmation> {
      const event = await readConfirmable(deps.storage.db, input.eventId);
      if (event === undefined) return { outcome: 'tooLate' };
      const now = new Date();
      const { autoResponseWindow: window, secondsLeft } = event;
      const waitMs = window === undefined ? 0 : opensAt(now, window).getTime() - now.getTime();
      if (secondsLeft * 1000 <= waitMs) return { outcome: 'tooLate' };
      if (waitMs > 0) throw later('NOT_YET', `The confirmation of event ${input.eventId} waits for its hours.`, waitMs);
      const sent = await sendAutomatic(deps, {
        accountId: event.accountId,
        accountKey: event.accountKey,
        contactId: event.contactId,
        channel: event.channel,
        sender: event.autoResponseSender ?? event.sender,
        text: event.autoResponse ?? DEFAULT_CONFIRMATION,
        kind: 'confirmation',
        key: `confirmation ${input.eventId}`,
        validForSeconds: secondsLeft,
      });
      if (sent !== undefined) return sent;
      throw later('NOT_YET', `The confirmation of event ${input.eventId} has to be tried again.`, 2_000);
    },
  };
}
