// Replies into the inbox. Acknowledged only when they are stored with their senders' permits held and no older provider call
// can start any more; the inbound workflows are told afterwards, as a hint that costs the answer nothing.
import { normaliseAtTheDoor } from '../../domain/destinations.js';
import { BlocklistError } from '../../domain/errors.js';
import { sqlState } from '../../storage/database.js';
import type { Inbox, InboundReply, Received } from '../../storage/inbox.js';
import { GroupCommit } from '../group-commit.js';
import type { ItemReading, Receipt } from './envelope.js';

export interface ReplyIntake {
  /** Take what `readings` could read; resolves with the receipt when all of it is stored and acknowledged. */
  take(readings: readonly ItemReading<InboundReply>[]): Promise<Receipt>;
  /** Resolves when everything taken is stored. */
  drained(): Promise<void>;
}

type Fate = 'accepted' | 'duplicate' | 'refused';

/** What a transaction and its locks should hold at most. */
const MOST_REPLIES = 1_000;
/** While one batch waits behind the barrier for a provider call under way, the next ones are written. */
const CONCURRENT_COMMITS = 4;
const PATIENCE_MS = 20;
/** About 20 MB of ordinary replies. */
const MOST_WAITING = 50_000;

export function createReplyIntake(inbox: Inbox, wake: (shards: readonly number[]) => void): ReplyIntake {
  const queue = new GroupCommit<InboundReply, Fate>(async (replies) => store(inbox, replies, wake), {
    mostItems: MOST_REPLIES,
    concurrency: CONCURRENT_COMMITS,
    patienceMs: PATIENCE_MS,
    mostWaiting: MOST_WAITING,
  });

  return {
    async take(readings) {
      const rejected: { index: number; reason: string }[] = [];
      const replies: { index: number; reply: InboundReply }[] = [];
      readings.forEach((reading, index) => {
        const problem = reading.ok ? destinationProblem(reading.item) : reading.reason;
        if (problem !== undefined) rejected.push({ index, reason: problem });
        else if (reading.ok) replies.push({ index, reply: reading.item });
      });
      const fates = await queue.add(replies.map(({ reply }) => reply));
      fates.forEach((fate, n) => {
        if (fate === 'refused') rejected.push({ index: replies[n]?.index ?? 0, reason: 'item: cannot be stored' });
      });
      return {
        accepted: fates.filter((fate) => fate === 'accepted').length,
        duplicates: fates.filter((fate) => fate === 'duplicate').length,
        rejected: rejected.sort((a, b) => a.index - b.index),
      };
    },
    drained: () => queue.drained(),
  };
}

/** Told before anything waits, so that a reply nobody can be tied to is a counted reject and not a failed batch. */
function destinationProblem(reply: InboundReply): string | undefined {
  const read = normaliseAtTheDoor(reply.from, reply.channel);
  return read.ok ? undefined : `from: ${read.reason}`;
}

async function store(
  inbox: Inbox,
  replies: readonly InboundReply[],
  wake: (shards: readonly number[]) => void,
): Promise<readonly Fate[]> {
  const first = new Map<string, number>();
  const fates = replies.map((reply, n): Fate | undefined => {
    const key = JSON.stringify([reply.provider, reply.messageId]);
    if (first.has(key)) return 'duplicate';
    first.set(key, n);
    return undefined;
  });
  const fresh = [...first.values()];
  const received = await receiveAll(
    inbox,
    fresh.flatMap((n) => replies[n] ?? []),
  );
  wake(received.shards);
  fresh.forEach((n, i) => (fates[n] = received.fates[i] ?? 'accepted'));
  return fates.map((fate) => fate ?? 'accepted');
}

/** A row the database will never take must not keep its neighbours out: halve until it stands alone. */
async function receiveAll(
  inbox: Inbox,
  replies: readonly InboundReply[],
): Promise<{ readonly fates: readonly Fate[]; readonly shards: readonly number[] }> {
  try {
    const received = await inbox.receive(replies);
    return { fates: fatesOf(replies.length, received), shards: received.shards };
  } catch (error) {
    if (!isFaultOfTheData(error)) throw error;
    if (replies.length === 1) return { fates: ['refused'], shards: [] };
    const middle = replies.length >> 1;
    const left = await receiveAll(inbox, replies.slice(0, middle));
    const right = await receiveAll(inbox, replies.slice(middle));
    return { fates: [...left.fates, ...right.fates], shards: [...new Set([...left.shards, ...right.shards])] };
  }
}

/** Which of a batch were new. Where storage tells only how many, the last ones stand for the duplicates. */
function fatesOf(count: number, received: Received & { readonly fresh?: readonly number[] }): readonly Fate[] {
  const fates = Array.from({ length: count }, (): Fate => 'accepted');
  if (received.fresh !== undefined) {
    const fresh = new Set(received.fresh);
    return fates.map((fate, n) => (fresh.has(n) ? fate : 'duplicate'));
  }
  return fates.fill('duplicate', count - received.duplicates);
}

/** SQLSTATE classes 22 (data) and 23 (constraints): trying the same again cannot help. */
function isFaultOfTheData(error: unknown): boolean {
  return error instanceof BlocklistError && /^2[23]/.test(sqlState(error.cause) ?? '');
}
