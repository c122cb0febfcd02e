// The sweep: finds what a crash or a lost hint left behind. Every few seconds, cheap when there is nothing.
import { BlocklistError } from '../src/domain/errors.js';
import { haltStore } from '../src/storage/halts.js';
import { eraseReadTexts } from '../src/storage/retention.js';
import { shardsToWake } from '../src/storage/sweep.js';
import type { ActivityDeps } from './deps.js';
import { wakeSubscriptions } from './events.js';
import { deliverOutbox } from './outbox.js';

export interface Swept {
  readonly expired: number;
  readonly delivered: number;
  readonly woken: number;
}

export function createSweepActivities(deps: ActivityDeps) {
  const halts = haltStore(deps.storage.db);
  return {
    async blocklistSweepOnce(): Promise<Swept> {
      const { storage, temporal } = deps;
      const shards = await shardsToWake(storage.db);
      if (shards.length > 0) await temporal.wake(shards);
      const { delivered, failed } = await deliverOutbox(deps);
      const expired = await storage.permits.expire();
      await halts.releaseResumed();
      await storage.optOuts.finishDomains();
      await wakeSubscriptions(deps);
      await eraseReadTexts(storage.db, deps.retentionDays);
      if (failed > 0 && delivered === 0) {
        throw new BlocklistError('TEMPORAL_UNAVAILABLE', 'No outbox message could be delivered.', { retryable: true });
      }
      return { expired, delivered, woken: shards.length };
    },
  };
}
