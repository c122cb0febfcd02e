// Replies and events of this flow: kept from when they arrive until a step waits for them, and handed out once.
import { condition, log } from '@temporalio/workflow';
import { flow } from './flow-state.js';

/** A person who sends more than this while a flow is not listening is not having a conversation; the oldest go. */
const LARGEST_BOX = 1_000;

/** Put an item in its box, unless it was delivered before. */
export function deliver<T>(box: T[], id: string, item: T): void {
  if (!isNew(id)) return;
  box.push(item);
  if (box.length > LARGEST_BOX) {
    box.shift();
    log.warn('blocklist: the oldest unread reply or event of this flow was dropped', { kept: LARGEST_BOX });
  }
}

/** True the first time: the shared workers deliver at least once. */
export function isNew(id: string): boolean {
  if (flow.seen.has(id)) return false;
  flow.seen.add(id);
  return true;
}

/** Take the first item that is wanted, waiting for it at most `timeoutMs`; undefined when the time is over. */
export async function take<T>(
  box: T[],
  isWanted: (item: T) => boolean,
  timeoutMs: number,
  summary: string,
): Promise<T | undefined> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const index = box.findIndex(isWanted);
    if (index >= 0) return box.splice(index, 1)[0];
    const leftMs = deadline - Date.now();
    if (leftMs <= 0) return undefined;
    // Another step may take the item first: look again. A reply that arrives together with the time-out counts.
    await condition(() => box.some(isWanted), leftMs, { summary });
  }
}
