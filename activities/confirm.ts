// The one confirmation of an opt-out by reply. It is the only send that passes an entry, and only within five minutes.
import { outcomeOf } from './outcomes.js';
import type { SendOutcome } from '../src/domain/outcome.js';
import { claimantFor, permitIdForKey } from '../src/domain/permit-id.js';
import { readConfirmable } from '../src/storage/confirmations.js';
import { readStream } from '../src/storage/sends.js';
import type { ActivityDeps } from './deps.js';
import { later } from './failures.js';
import { countDecision, countHandOver, timedClaim } from './figures.js';
import { handOver } from './hand-over.js';

/** Used where the keyword has no automatic response of its own. Confirms and nothing else: no marketing. */
export const DEFAULT_CONFIRMATION =
  'You have opted out and will receive no more messages from us. Reply START to return.';

export type Confirmation = SendOutcome | { readonly outcome: 'tooLate' };

export function createConfirmActivities({ storage, providerFor, metrics }: ActivityDeps) {
  return {
    async blocklistConfirm(input: { readonly eventId: string }): Promise<Confirmation> {
      const event = await readConfirmable(storage.db, input.eventId);
      if (event === undefined || event.secondsLeft <= 0) return { outcome: 'tooLate' };
      const provider = providerFor(event.channel);
      const streamId = await storage.streams.id({
        accountId: event.accountId,
        channel: event.channel,
        sender: event.sender,
        purpose: 'SERVICE',
        kind: 'confirmation',
      });
      const key = `confirmation ${input.eventId}`;
      const permitId = permitIdForKey(event.accountKey, key);
      const claim = {
        streamId,
        claimant: claimantFor(key),
        validForSeconds: event.secondsLeft,
        mayRepeat: provider.refusesDuplicates,
        messages: [{ permitId, contactId: event.contactId }],
      };
      const [row] = await timedClaim(metrics, () => storage.permits.claim(claim));
      const decided = row === undefined ? undefined : await outcomeOf(storage.db, event.channel, row);
      // Held by a halt: asked again until the five minutes are over.
      if (decided !== undefined && decided.outcome !== 'held') return countDecision(metrics, event.channel, decided);
      if (decided !== undefined || row?.state === 'dispatching') {
        throw later('NOT_YET', `The confirmation of event ${input.eventId} has to wait.`, 2_000);
      }
      const stream = await readStream(storage.db, streamId);
      const { settled } = await handOver(storage.permits, provider, {
        ...stream,
        permitIds: [permitId],
        textOf: () => event.autoResponse ?? DEFAULT_CONFIRMATION,
      });
      const after = settled.get(permitId);
      const outcome = after === undefined ? undefined : await outcomeOf(storage.db, event.channel, after);
      if (outcome === undefined) {
        throw later('NOT_YET', `The confirmation of event ${input.eventId} has to be tried again.`, 2_000);
      }
      return countHandOver(metrics, event.channel, 'claimed', outcome);
    },
  };
}
