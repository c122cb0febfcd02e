// Delivering a subscription's events: page after page, one post at a time, so that the order of each person's events holds.
// What was accepted is deleted after the answer; a process that dies in between delivers it again under the same ids.
import { randomUUID } from 'node:crypto';
import { listEventBody, signature } from '../src/domain/list-event.js';
import { eventRetryMs } from '../src/domain/webhook-retries.js';
import {
  acceptedEvents,
  leaseSubscription,
  purgeDeleted,
  readBacklogOf,
  releaseSubscription,
  subscriptionsToWake,
  waitingEvents,
  type Posting,
} from '../src/storage/subscription-events.js';
import type { ActivityDeps } from './deps.js';

export type EventsDelivered = { readonly delivered: number } & (
  | /** Nothing waits; a signal tells of more. */ { readonly kind: 'idle' }
    /** There is more than one activity should carry. */
  | { readonly kind: 'more' }
  /** Somebody else may be posting, or what a deletion left is not all gone. */
  | { readonly kind: 'later'; readonly afterMs: number }
  | {
      readonly kind: 'failing';
      readonly detail: string;
      readonly waiting: number;
      readonly oldestSeconds: number;
      readonly afterMs: number;
    }
  | { readonly kind: 'deleted' }
);

/** Of one activity: with the last post it ends within the time that a stopping worker gives. */
const WORK_MS = 5_000;
const PURGE_AGAIN_MS = 130_000;
/** A post may begin until then of its lease: the rest is for the post itself. */
const START_WITHIN_MS = 5_000;

export function createEventActivities({ storage: { db }, webhooks, retries }: ActivityDeps) {
  const leaseMs = START_WITHIN_MS + webhooks.timeoutMs + 1_000;

  return {
    /** `failures`: posts that failed in a row before this call. */
    async blocklistDeliverEvents(input: {
      readonly subscriptionId: number;
      readonly failures: number;
    }): Promise<EventsDelivered> {
      const { subscriptionId: id } = input;
      const lease = randomUUID();
      const endBy = performance.now() + WORK_MS;
      let delivered = 0;
      for (;;) {
        const startBy = performance.now() + START_WITHIN_MS;
        const leased = await leaseSubscription(db, id, lease, leaseMs);
        if (leased.kind === 'busy') return { kind: 'later', delivered, afterMs: leased.afterMs };
        if (leased.kind === 'deleted') {
          return (await purgeDeleted(db, id))
            ? { kind: 'deleted', delivered }
            : { kind: 'later', delivered, afterMs: PURGE_AGAIN_MS };
        }
        const page = await waitingEvents(db, id, leased.posting.mostEvents);
        if (page.length === 0 || performance.now() > endBy) {
          await releaseSubscription(db, id, lease, page.length === 0 ? 0 : WORK_MS);
          // What was written between the look and the release has found nobody to wake.
          const isIdle = page.length === 0 && (await waitingEvents(db, id, 1)).length === 0;
          return { kind: isIdle ? 'idle' : 'more', delivered };
        }
        const events = page.flatMap(({ event }) => event ?? []);
        // Too late to post under this lease: it is renewed first.
        if (performance.now() > startBy) continue;
        const answer =
          events.length === 0 ? { kind: 'accepted' as const } : await post(leased.posting, listEventBody(events));
        if (answer.kind === 'failed') {
          const afterMs = eventRetryMs(input.failures + 1, retries);
          await releaseSubscription(db, id, lease, afterMs);
          return { kind: 'failing', delivered, detail: answer.detail, afterMs, ...(await readBacklogOf(db, id)) };
        }
        await acceptedEvents(
          db,
          id,
          page.map((one) => one.id),
        );
        delivered += events.length;
      }
    },
  };

  function post({ url, secret, username, password }: Posting, body: string) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const login = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
    return webhooks.post({
      url,
      body,
      headers: {
        'x-blocklist-timestamp': timestamp,
        'x-blocklist-signature': signature(secret, timestamp, body),
        ...(username === undefined ? {} : { authorization: `Basic ${login}` }),
      },
    });
  }
}

/** Wake those for whom something waits and who do not look by themselves. A wake-up that is lost is sent again. */
export async function wakeSubscriptions({ storage, temporal }: Pick<ActivityDeps, 'storage' | 'temporal'>) {
  const due = await subscriptionsToWake(storage.db);
  await Promise.all(due.map((subscription) => temporal.wakeSubscription(subscription)));
}
