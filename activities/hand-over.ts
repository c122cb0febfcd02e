// The one seam through which a message leaves: fence, call the provider, settle. Nothing else calls a provider, and
// nothing gets past the fence without a permit row.
import type { MessageState } from '../src/domain/outcome.js';
import type { SendingChannel } from '../src/domain/channel.js';
import type { Purpose } from '../src/domain/scope.js';
import type { OutboundMessage, Provider, ProviderAnswer } from '../src/providers/provider.js';
import type { Fenced, Permits, Settled, Settlement } from '../src/storage/permits.js';

/** What the messages of one hand-over have in common. */
export interface HandOverBatch {
  readonly rootId: number;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly purpose: Purpose;
  readonly kind: 'message' | 'confirmation';
  readonly campaign?: string;
  readonly subject?: string;
  readonly permitIds: readonly string[];
  /** Rendered before the fence, which comes last. */
  readonly textOf: (permitId: string) => string;
}

export interface HandOverResult {
  /** Final and returned states, by permit. Permits that the fence refused are absent: somebody else decided. */
  readonly settled: ReadonlyMap<string, Settled>;
  /** Handed over with the answer lost, at a provider that refuses duplicates: take over after the window. */
  readonly lost: readonly string[];
  /** How long the provider asked us to wait, where it refused. */
  readonly retryAfterMs?: number;
}

/** A call must start well before its window ends: what lies between the clock check and the socket is not counted. */
const START_WITHIN = 0.95;
const PROVIDER_TIMEOUT_MS = 10_000;

/** Hand over at most one provider call's worth of messages. */
export async function handOver(permits: Permits, provider: Provider, batch: HandOverBatch): Promise<HandOverResult> {
  const texts = new Map(batch.permitIds.map((id) => [id, batch.textOf(id)]));
  const startBy = performance.now() + permits.windowMs * START_WITHIN;
  const fenced = await permits.fence(batch.rootId, batch.permitIds);
  if (fenced.length === 0) return { settled: new Map(), lost: [] };
  const sendable = fenced.filter(hasDestination);
  const settlements: Settlement[] = fenced
    .filter((row) => !hasDestination(row))
    .map((row) => settlement(row, 'failed', 'ERASED'));

  let answers: readonly ProviderAnswer[];
  if (performance.now() > startBy) {
    // Too late to start: certainly not taken, so the rows may be fenced again.
    answers = sendable.map(() => ({ kind: 'refused', detail: 'WINDOW_MISSED' }));
  } else if (sendable.length === 0) {
    answers = [];
  } else {
    // The fence returns none but those rendered above.
    const messages = sendable.map((row) => toMessage(batch, row, texts.get(row.id) ?? batch.textOf(row.id)));
    answers = await provider.send(messages, { timeoutMs: PROVIDER_TIMEOUT_MS, startBy });
  }

  const lost: string[] = [];
  let retryAfterMs: number | undefined;
  sendable.forEach((row, i) => {
    const answer = answers[i] ?? { kind: 'unknown', detail: 'NO_ANSWER' };
    if (answer.kind === 'refused') retryAfterMs = Math.max(retryAfterMs ?? 0, answer.retryAfterMs ?? 0);
    if (answer.kind === 'unknown' && provider.refusesDuplicates) lost.push(row.id);
    else settlements.push(settlement(row, stateOf(answer), 'detail' in answer ? answer.detail : undefined));
  });
  const settled = settlements.length === 0 ? [] : await permits.settle(settlements);
  return {
    settled: new Map(settled.map((row) => [row.id, row])),
    lost,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** True if a message whose answer was lost may be handed over again. Marketing is at most once where it might repeat. */
export function mayRepeat(provider: Provider, purpose: Purpose): boolean {
  return provider.refusesDuplicates || purpose === 'SERVICE';
}

type Sendable = Fenced & { readonly destination: string };

/** Erased people have none any more. */
const hasDestination = (row: Fenced): row is Sendable => row.destination !== null;

function toMessage(batch: HandOverBatch, row: Sendable, text: string): OutboundMessage {
  return {
    permitId: row.id,
    to: row.destination,
    channel: batch.channel,
    sender: batch.sender,
    text,
    kind: batch.kind,
    ...(batch.subject === undefined ? {} : { subject: batch.subject }),
    ...(batch.campaign === undefined ? {} : { campaignReferenceId: batch.campaign }),
  };
}

function stateOf(answer: ProviderAnswer): Extract<MessageState, Settlement['state']> {
  switch (answer.kind) {
    case 'accepted':
    case 'duplicate':
      return 'sent';
    case 'rejected':
      return 'rejected';
    case 'refused':
      return 'claimed';
    case 'unknown':
      return 'unknown';
  }
}

function settlement(row: Fenced, state: Settlement['state'], detail?: string): Settlement {
  return { id: row.id, attempt: row.attempt, state, ...(detail === undefined ? {} : { detail }) };
}
