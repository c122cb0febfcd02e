// Delivering the outbox: signals to flows and starts of confirmations, each at least once.
import { OUTBOX_CHANNEL, type OutboxRow } from '../src/storage/outbox.js';
import type { ActivityDeps } from './deps.js';
import { wakeSubscriptions } from './events.js';

const PORTION = 200;

export interface Delivered {
  readonly delivered: number;
  readonly failed: number;
}

/** Deliver what is due until nothing is left. Processes may do so side by side. */
export async function deliverOutbox({
  storage,
  temporal,
}: Pick<ActivityDeps, 'storage' | 'temporal'>): Promise<Delivered> {
  let delivered = 0;
  let failed = 0;
  for (;;) {
    const rows = await storage.outbox.take(PORTION);
    if (rows.length === 0) return { delivered, failed };
    const ended: string[] = [];
    const done: string[] = [];
    await Promise.all(
      rows.map(async (row) => {
        try {
          if (!(await deliver(temporal, row)) && row.kind === 'SIGNAL' && row.payload.flowContact !== undefined) {
            ended.push(String(row.payload.flowContact));
          }
          done.push(row.id);
        } catch (error) {
          failed += 1;
          await storage.outbox.failed(row.id, row.tries, error instanceof Error ? error.name : 'Error');
        }
      }),
    );
    if (done.length > 0) await storage.outbox.done(done);
    if (ended.length > 0) await storage.outbox.close(ended);
    delivered += done.length;
  }
}

async function deliver(temporal: ActivityDeps['temporal'], row: OutboxRow): Promise<boolean> {
  switch (row.kind) {
    case 'SIGNAL':
      return temporal.signal(row.payload.workflowId, row.payload.signal, row.payload.arg);
    case 'CONFIRMATION':
      await temporal.startConfirmation(row.payload.eventId);
      return true;
    case 'AUTO_REPLY':
      await temporal.startAutoReply(row.payload.inboxId);
      return true;
    case 'FORWARD':
      await temporal.startForwarding(row.payload.inboxId);
      return true;
  }
}

export function createOutboxActivities(deps: ActivityDeps) {
  return {
    async blocklistDeliverOutbox(): Promise<Delivered> {
      return deliverOutbox(deps);
    },
  };
}

/**
 * Deliver at once whenever a transaction has written to the outbox, whichever process it ran in. A lost connection or
 * notification costs nothing but time: the sweep finds what was left. Returns how to stop.
 */
export function pumpOutbox(deps: Pick<ActivityDeps, 'storage' | 'temporal'>, report: (error: unknown) => void) {
  const state = { stopped: false };
  let running: Promise<unknown> = Promise.resolve();
  let again = false;
  let wake: (() => void) | undefined;

  const deliver = (): void => {
    if (again) return;
    again = true;
    running = running.then(async () => {
      again = false;
      if (state.stopped) return;
      await deliverOutbox(deps).catch(report);
      await wakeSubscriptions(deps).catch(report);
    });
  };

  const listening = (async () => {
    while (!state.stopped) {
      try {
        const client = await deps.storage.db.connect();
        try {
          const lost = new Promise<void>((resolve) => {
            wake = resolve;
            client.on('error', () => resolve());
            client.on('end', () => resolve());
          });
          client.on('notification', deliver);
          await client.query(`listen ${OUTBOX_CHANNEL}`);
          deliver();
          await lost;
        } finally {
          client.removeAllListeners('notification');
          client.release(true);
        }
      } catch (error) {
        report(error);
      }
      if (!state.stopped) await new Promise<void>((resolve) => setTimeout(resolve, 1_000).unref());
    }
  })();

  return async (): Promise<void> => {
    state.stopped = true;
    wake?.();
    await Promise.all([listening, running]);
  };
}
