// What activities and the gateway ask of Temporal, over one client.
import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Client,
} from '@temporalio/client';
import type { TemporalAccess } from '../../activities/deps.js';
import { BlocklistError } from '../domain/errors.js';
import { EVENTS_MESSAGES, INBOUND_MESSAGES, TASK_QUEUES, WORKFLOW_TYPES } from '../domain/names.js';
import { inboundWorkflowId } from '../domain/shard.js';
import { searchAttributes } from './search-attributes.js';

/** There is one sweep for a namespace. */
const SWEEP_WORKFLOW_ID = 'blocklist-sweep';
/** Wake-ups of one shard are no more than this often: a drain reads hundreds of people at once. */
const WAKE_EVERY_MS = 50;
/** grpc status codes (google.rpc.Code). */
const NOT_FOUND = 5;

export interface Temporal extends TemporalAccess {
  /** Start the sweep, if it does not run yet. */
  ensureSweep(): Promise<void>;
  /** @throws BlocklistError TEMPORAL_UNAVAILABLE saying what is wrong */
  assertReachable(): Promise<void>;
}

export function temporalAccess(client: Client): Temporal {
  const shards = new Map<number, { last: number; pending: Promise<void> | undefined }>();

  const wakeNow = async (shard: number): Promise<void> => {
    await client.workflow.signalWithStart(WORKFLOW_TYPES.inbound, {
      workflowId: inboundWorkflowId(shard),
      taskQueue: TASK_QUEUES.single,
      args: [{ shard }],
      signal: INBOUND_MESSAGES.wake,
      signalArgs: [],
      staticSummary: `replies, shard ${shard}`,
    });
  };

  /** Whoever asks while a wake-up is waiting to go shares it; whoever asks later gets the next one. */
  const wake = (shard: number): Promise<void> => {
    const state = shards.get(shard) ?? { last: 0, pending: undefined };
    shards.set(shard, state);
    state.pending ??= (async () => {
      // Always a turn later: `pending` has to be set before it is cleared.
      const wait = Math.max(0, state.last + WAKE_EVERY_MS - Date.now());
      await new Promise((resolve) => setTimeout(resolve, wait));
      state.last = Date.now();
      state.pending = undefined;
      await wakeNow(shard);
    })();
    return state.pending;
  };

  const startOnce = (type: string, workflowId: string, input: object): Promise<void> =>
    ignoreStarted(
      client.workflow.start(type, {
        workflowId,
        taskQueue: TASK_QUEUES.single,
        args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
      }),
    );

  return {
    async wake(woken) {
      await Promise.all(woken.map(wake));
    },
    async signal(workflowId, signal, arg) {
      try {
        await client.workflow.getHandle(workflowId).signal(signal, arg);
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    async startConfirmation(eventId) {
      await startOnce(WORKFLOW_TYPES.confirmation, `blocklist-confirmation-${eventId}`, { eventId });
    },
    async startAutoReply(inboxId) {
      await startOnce(WORKFLOW_TYPES.autoReply, `blocklist-auto-reply-${inboxId}`, { inboxId });
    },
    async startForwarding(inboxId) {
      await startOnce(WORKFLOW_TYPES.forwarding, `blocklist-forwarding-${inboxId}`, { inboxId });
    },
    async wakeSubscription({ id, accountKey }) {
      await client.workflow.signalWithStart(WORKFLOW_TYPES.events, {
        workflowId: eventsWorkflowId(id),
        taskQueue: TASK_QUEUES.single,
        args: [{ subscriptionId: id }],
        signal: EVENTS_MESSAGES.wake,
        signalArgs: [],
        staticSummary: `events of subscription ${id}`,
        typedSearchAttributes: [{ key: searchAttributes.account, value: accountKey }],
      });
    },
    async ensureSweep() {
      await ignoreStarted(
        client.workflow.start(WORKFLOW_TYPES.sweep, {
          workflowId: SWEEP_WORKFLOW_ID,
          taskQueue: TASK_QUEUES.single,
          args: [],
          staticSummary: 'finds what a crash or a lost hint left behind',
        }),
      );
    },
    async assertReachable() {
      const { namespace } = client.options;
      try {
        await client.workflowService.describeNamespace({ namespace });
      } catch (error) {
        const isMissing = isGrpcServiceError(error) && Number(error.code) === NOT_FOUND;
        throw unavailable(
          isMissing
            ? `The Temporal server has no namespace ${namespace}. Create it, or set TEMPORAL_NAMESPACE.`
            : 'The Temporal server does not answer. Check TEMPORAL_ADDRESS and that the server runs.',
          error,
        );
      }
    },
  };
}

/** A subscription's own workflow, by the id of its row. */
export function eventsWorkflowId(subscriptionId: number): string {
  return `blocklist-events-${subscriptionId}`;
}

export function unavailable(message: string, cause?: unknown): BlocklistError {
  return new BlocklistError('TEMPORAL_UNAVAILABLE', message, { retryable: true, cause });
}

async function ignoreStarted(start: Promise<unknown>): Promise<void> {
  try {
    await start;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}
