// Waiting until a campaign is over for everybody: sent, reported, answered, and every answer read.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Unsettled } from '../../storage/audit.js';
import type { NetworkActivity } from './network.js';

export interface SettlingSources {
  activity(): Promise<NetworkActivity>;
  unsettled(): Promise<Unsettled>;
  /** Confirmations on their way. */
  confirmations(): Promise<number>;
}

const LOOK_EVERY_MS = 300;
/** A reply that has been read takes a moment to become a confirmation, and that another one to become an answer. */
const QUIET_FOR_MS = 1_800;

/** Returns when nothing is under way and nothing has changed for a while; else, at the time limit, what is still open. */
export async function untilSettled(
  sources: SettlingSources,
  signal: AbortSignal,
  limitMs: number,
): Promise<readonly string[]> {
  let quietSince = performance.now();
  let last = '';
  for (const deadline = performance.now() + limitMs; ;) {
    const { activity, open } = await look(sources);
    const now = performance.now();
    const seen = `${activity.accepted} ${activity.repliesAcknowledged}`;
    if (open.length > 0 || seen !== last) quietSince = now;
    last = seen;
    if (open.length === 0 && now - quietSince >= QUIET_FOR_MS) return [];
    if (now >= deadline) return open.length > 0 ? open : ['messages still come and go'];
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function look(sources: SettlingSources): Promise<{ activity: NetworkActivity; open: string[] }> {
  const [activity, unsettled, confirmations] = await Promise.all([
    sources.activity(),
    sources.unsettled(),
    sources.confirmations(),
  ]);
  const counts: readonly (readonly [number, string])[] = [
    [unsettled.open, 'messages without an end'],
    [unsettled.unread, 'replies not read'],
    [unsettled.outbox, 'signals and confirmations in the outbox'],
    [confirmations, 'confirmations not sent'],
    [activity.reactionsDue, 'answers of people under way'],
    [activity.reportsDue, 'delivery reports under way'],
  ];
  return { activity, open: counts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])) };
}
