// One message that nobody wrote by hand, a confirmation or an automatic answer: claimed under a key of its own, handed over
// like any other.
import type { SendingChannel } from '../src/domain/channel.js';
import type { SendOutcome } from '../src/domain/outcome.js';
import { claimantFor, permitIdForKey } from '../src/domain/permit-id.js';
import { readStream } from '../src/storage/sends.js';
import type { ActivityDeps } from './deps.js';
import { countDecision, countHandOver, timedClaim } from './figures.js';
import { handOver } from './hand-over.js';
import { outcomeOf } from './outcomes.js';

export interface AutomaticMessage {
  readonly accountId: number;
  readonly accountKey: string;
  readonly contactId: string;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly text: string;
  /** A confirmation passes the entry that it confirms; an answer passes none. */
  readonly kind: 'confirmation' | 'answer';
  /** One message for each key, ever. */
  readonly key: string;
  readonly validForSeconds: number;
}

/** Undefined: not yet; ask again. */
export async function sendAutomatic(
  { storage, providerFor, metrics }: Pick<ActivityDeps, 'storage' | 'providerFor' | 'metrics'>,
  message: AutomaticMessage,
): Promise<SendOutcome | undefined> {
  const { accountId, channel, sender, contactId, key } = message;
  const provider = providerFor(channel);
  const streamId = await storage.streams.id({
    accountId,
    channel,
    sender,
    purpose: 'SERVICE',
    ...(message.kind === 'confirmation' ? { kind: 'confirmation' } : { automatic: true }),
  });
  const permitId = permitIdForKey(message.accountKey, key);
  const claim = {
    streamId,
    claimant: claimantFor(key),
    validForSeconds: message.validForSeconds,
    mayRepeat: provider.refusesDuplicates,
    messages: [{ permitId, contactId }],
  };
  const [row] = await timedClaim(metrics, () => storage.permits.claim(claim));
  const decided = row === undefined ? undefined : await outcomeOf(storage.db, channel, row);
  // Held by a halt, or another attempt is under way.
  if (decided?.outcome === 'held' || row?.state === 'dispatching') return undefined;
  if (decided !== undefined) return countDecision(metrics, channel, decided);
  const stream = await readStream(storage.db, streamId);
  const { settled } = await handOver(storage.permits, provider, {
    ...stream,
    permitIds: [permitId],
    textOf: () => message.text,
  });
  const after = settled.get(permitId);
  const outcome = after === undefined ? undefined : await outcomeOf(storage.db, channel, after);
  return outcome === undefined ? undefined : countHandOver(metrics, channel, 'claimed', outcome);
}
