// What the gateway asks of Temporal. Nothing here may delay or fail the answer to a reply: what people say is in the database.
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { BROADCAST_MESSAGES, TASK_QUEUES, WORKFLOW_TYPES } from '../domain/names.js';
import { temporalAccess, unavailable } from '../plugin/temporal-access.js';
import { searchAttributes } from '../plugin/search-attributes.js';

export interface GatewayTemporal {
  /** A hint that shards have something to read. Returns at once; a sweep finds what a lost hint left. */
  wake(shards: readonly number[]): void;
  /** Throws TEMPORAL_UNAVAILABLE saying what is wrong. */
  assertReachable(): Promise<void>;
  /** Resolves when the server has accepted the start; a second start of the same broadcast does nothing. */
  startBroadcast(start: BroadcastStart): Promise<void>;
  /** False when no such broadcast is running any more. */
  signalBroadcast(broadcastId: string, signal: 'pause' | 'resume' | 'cancel'): Promise<boolean>;
  /** Resolves when no call is under way: only then may the connection be closed, as a retry on a closed one throws. */
  settled(): Promise<void>;
}

export interface BroadcastStart {
  readonly broadcastId: string;
  readonly campaignReference: string;
  readonly accountKey: string;
}

const HINT_WITHIN_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
const REACHABLE_WITHIN_MS = 2_000;
const REMEDY = 'Check TEMPORAL_ADDRESS and that the server runs.';

export function gatewayTemporal(client: Client, onLostHint: (error: unknown) => void): GatewayTemporal {
  const access = temporalAccess(client);
  const underWay = new Set<Promise<unknown>>();
  /** The client's own deadline does not cover the time it takes to connect. */
  const within = async <T>(ms: number, work: () => Promise<T>): Promise<T> => {
    const call = client.withDeadline(Date.now() + ms, work);
    const ended = call.catch(() => undefined).finally(() => underWay.delete(ended));
    underWay.add(ended);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(unavailable(`The Temporal server did not answer within ${ms} ms. ${REMEDY}`)),
        ms,
      );
    });
    try {
      return await Promise.race([call, timeout]);
    } finally {
      clearTimeout(timer);
    }
  };
  const wakes = new Map<number, { again: boolean }>();

  /** One hint a shard is on its way at most: a server that hangs must not find thousands waiting when it is back. */
  const wake = async (shard: number): Promise<void> => {
    const earlier = wakes.get(shard);
    if (earlier !== undefined) {
      earlier.again = true;
      return;
    }
    const state = { again: true };
    wakes.set(shard, state);
    try {
      while (state.again) {
        state.again = false;
        await within(HINT_WITHIN_MS, () => access.wake([shard]));
      }
    } catch (error) {
      onLostHint(error);
    } finally {
      wakes.delete(shard);
    }
  };

  return {
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },

    wake(shards) {
      for (const shard of shards) void wake(shard);
    },

    assertReachable: () => within(REACHABLE_WITHIN_MS, access.assertReachable),

    async startBroadcast({ broadcastId, campaignReference, accountKey }) {
      try {
        await within(ANSWER_WITHIN_MS, () =>
          client.workflow.start(WORKFLOW_TYPES.broadcast, {
            workflowId: broadcastWorkflowId(broadcastId),
            taskQueue: TASK_QUEUES.bulk,
            args: [{ broadcastId }],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            typedSearchAttributes: [
              { key: searchAttributes.account, value: accountKey },
              { key: searchAttributes.campaign, value: campaignReference },
            ],
          }),
        );
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return;
        throw unavailable('Temporal did not accept the start of the broadcast.', error);
      }
    },

    async signalBroadcast(broadcastId, signal) {
      try {
        const handle = client.workflow.getHandle(broadcastWorkflowId(broadcastId));
        await within(ANSWER_WITHIN_MS, () => handle.signal(BROADCAST_MESSAGES[signal]));
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw unavailable(
          `Temporal did not take the ${signal}. To stop sending at once, use \`blocklist halt\`.`,
          error,
        );
      }
    },
  };
}

function broadcastWorkflowId(broadcastId: string): string {
  return `blocklist-broadcast-${broadcastId}`;
}
