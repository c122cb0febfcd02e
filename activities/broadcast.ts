// Broadcasts: a page of the audience at a time through check, dispatch and settling. A page may be called any number of times:
// its messages have ids of their own for ever, so it goes on where the last attempt left them.
import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import {
  countStates,
  type BroadcastProgress,
  type BroadcastStatus,
  type SendPageInput,
  type SendPageResult,
} from '../src/domain/broadcast.js';
import type { MessageState } from '../src/domain/outcome.js';
import { claimantFor, permitIdForScoped, scopeHash } from '../src/domain/permit-id.js';
import {
  readBroadcast,
  readPage,
  readProgress,
  readStatus,
  setBroadcastStatus,
  startable,
  writePageCounts,
  type BroadcastMessage,
} from '../src/storage/broadcasts.js';
import { bulkPermits } from '../src/storage/bulk-permits.js';
import { endPermits, readPageStates } from '../src/storage/page-states.js';
import { readStream, type StreamFacts } from '../src/storage/sends.js';
import type { ActivityDeps } from './deps.js';
import { EndCounter, timedClaim } from './figures.js';
import { mayRepeat } from './hand-over.js';
import { OPT_OUT_LINK_PLACEHOLDER, withOptOutLink } from './opt-out-links.js';
import { Pace } from './pace.js';
import { PageRun, type Stop } from './page-run.js';

/** So long a page may keep its slot; then it is called again, behind those that wait. */
const TURN_MS = 15_000;
const HEARTBEAT_EVERY_MS = 1_000;
/** What one call of the provider should hold at most; a long e-mail goes out in smaller calls. */
const CALL_BYTES = 4_000_000;
/** Of a message beside its text. */
const ENVELOPE_BYTES = 400;

export function createBroadcastActivities(deps: ActivityDeps) {
  const { storage } = deps;
  return {
    /** Begin, unless the broadcast was cancelled meanwhile; repeated, it only tells how things stand. */
    async blocklistStartBroadcast(input: { readonly broadcastId: string }): Promise<BroadcastProgress> {
      await startable(storage, input.broadcastId);
      return readProgress(storage.db, input.broadcastId);
    },

    async blocklistBroadcastProgress(input: { readonly broadcastId: string }): Promise<BroadcastProgress> {
      return readProgress(storage.db, input.broadcastId);
    },

    /** Returns the status in force afterwards. */
    async blocklistSetBroadcastStatus(input: {
      readonly broadcastId: string;
      readonly status: Exclude<BroadcastStatus, 'LOADING'>;
    }): Promise<BroadcastStatus> {
      return setBroadcastStatus(storage, input.broadcastId, input.status);
    },

    async blocklistSendPage(input: SendPageInput): Promise<SendPageResult> {
      const context = Context.current();
      let done = 0;
      const beat = setInterval(() => context.heartbeat({ page: input.page, done }), HEARTBEAT_EVERY_MS);
      try {
        return await sendPage(deps, input, context, (seen) => (done = seen));
      } finally {
        clearInterval(beat);
      }
    },
  };
}

async function sendPage(
  deps: ActivityDeps,
  { broadcastId, page, nextSendAt }: SendPageInput,
  context: Context,
  onSeen: (messages: number) => void,
): Promise<SendPageResult> {
  const { storage, providerFor, metrics } = deps;
  const { db } = storage;
  const permits = bulkPermits(db, storage.permits);
  const broadcast = await readBroadcast(db, broadcastId);
  const stream = await readStream(db, broadcast.streamId);
  const account = await storage.accounts.byId(stream.accountId);
  const { contactIds, isBegun } = await readPage(db, broadcast.id, page);
  const scope = `broadcast ${broadcastId}`;
  const scoped = scopeHash(account.key, scope);
  const messages = new Map(contactIds.map((id) => [permitIdForScoped(scoped, BigInt(id)), id]));
  const permitIds = [...messages.keys()];
  const claimant = claimantFor(`${account.key} ${scope}`);
  const provider = providerFor(stream.channel);
  const began = performance.now();
  const elapsedMs = (): number => performance.now() - began;
  const pace =
    broadcast.messagesPerSecond === undefined
      ? undefined
      : new Pace(broadcast.messagesPerSecond, Date.now(), nextSendAt);
  const isFirst = !isBegun && context.info.attempt === 1;

  const write = async (states: Iterable<MessageState>, isDone: boolean) => {
    const counts = countStates(states);
    await writePageCounts(db, broadcast.id, page, counts, isDone);
    return counts;
  };
  const run = new PageRun({
    messages,
    ...(isFirst ? {} : { known: await readPageStates(db, stream.streamId, permitIds) }),
    claim: () => ({
      streamId: stream.streamId,
      claimant,
      mayRepeat: mayRepeat(provider, stream.purpose),
      // What is left of the whole broadcast's time, where it has one.
      validForSeconds: Math.max(broadcast.validForSeconds - (broadcast.hasEnd ? elapsedMs() / 1000 : 0), 0),
    }),
    handOver: {
      ...stream,
      ...(broadcast.subject === undefined ? {} : { subject: broadcast.subject }),
      textOf: textOf(deps, broadcast, stream, messages),
    },
    permits: { ...permits, claimMany: (claim) => timedClaim(metrics, () => permits.claimMany(claim)) },
    provider,
    batch: Math.min(provider.maxBatch, fitting(broadcast), pace?.batch ?? Infinity),
    ...(pace === undefined ? {} : { pace }),
    stop: async () => {
      if (context.cancellationSignal.aborted) return 'ENDED';
      const stop = STOPS[await readStatus(db, broadcastId)];
      return stop ?? (elapsedMs() > TURN_MS ? 'TURN' : undefined);
    },
    onProgress: async (states) => {
      onSeen(states.size);
      ends.count(states);
      await write(states.values(), false);
    },
  });

  const ends = new EndCounter(metrics, stream.channel, run.states);
  const stop = await run.run().finally(() => ends.count(run.states));
  if (stop === 'CANCELLED') {
    await endAll(deps, stream, claimant, permitIds, run.states);
    ends.count(run.states);
  }
  const isDone = stop === undefined || stop === 'CANCELLED';
  const { held } = await write(run.states.values(), isDone);
  // Throws: the worker is shutting down, or nobody waits for the page any more.
  if (stop === 'ENDED') await context.cancelled;
  const { counts } = await readProgress(db, broadcastId);
  return {
    isDone,
    held,
    counts,
    ...(pace === undefined ? {} : { nextSendAt: pace.nextSendAt }),
  };
}

const STOPS: Readonly<Record<BroadcastStatus, Stop | undefined>> = {
  LOADING: 'PAUSED',
  RUNNING: undefined,
  PAUSED: 'PAUSED',
  CANCELLED: 'CANCELLED',
  // Nothing of it is open, so there is nothing to stop.
  FINISHED: undefined,
};

/** Texts differ only where they carry the recipient's own opt-out link. */
function textOf(
  { links }: ActivityDeps,
  { text }: BroadcastMessage,
  stream: StreamFacts,
  messages: ReadonlyMap<string, string>,
): (permitId: string) => string {
  if (!text.includes(OPT_OUT_LINK_PLACEHOLDER)) return () => text;
  return (id) => withOptOutLink(links, text, stream, { id, contactId: messages.get(id) ?? '' });
}

function fitting({ text, subject = '' }: BroadcastMessage): number {
  return Math.max(1, Math.floor(CALL_BYTES / (Buffer.byteLength(text) + Buffer.byteLength(subject) + ENVELOPE_BYTES)));
}

/** Cancelled: what was permitted and not handed over ends; what is at the provider is waited for, at most its window. */
async function endAll(
  { storage }: ActivityDeps,
  { streamId }: StreamFacts,
  claimant: string,
  permitIds: readonly string[],
  states: Map<string, MessageState>,
): Promise<void> {
  for (;;) {
    await endPermits(storage.db, claimant, permitIds, 'BROADCAST_CANCELLED');
    const now = await readPageStates(storage.db, streamId, permitIds);
    for (const { state, ids } of now) for (const id of ids) states.set(id, state);
    if (!now.some(({ state }) => state === 'dispatching')) return;
    await sleep(200);
  }
}
