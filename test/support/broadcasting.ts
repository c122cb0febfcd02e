// Broadcasts on the product's real parts: a worker in this process for both shared queues, and what tests ask of it.
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { createBroadcastActivities } from '../../activities/broadcast.js';
import { failing } from '../../activities/failures.js';
import { createInboundActivities } from '../../activities/inbound.js';
import { BROADCAST_MESSAGES, TASK_QUEUES, WORKFLOW_TYPES } from '../../src/domain/names.js';
import { INBOUND_SHARDS } from '../../src/domain/shard.js';
import type { LoggedMessage } from '../../src/providers/sandbox/log-line.js';
import {
  broadcastStatus,
  createBroadcast,
  loadAudience,
  startable,
  type AudienceLine,
  type BroadcastSpec,
} from '../../src/storage/broadcasts.js';
import type { BroadcastResult } from '../../workflows/broadcast.js';
import type { Product } from './product.js';
import { getTemporal } from './servers.js';
import { installRuntime, quietLogger } from './team.js';

const SLOTS = 100;
const WORKFLOW = fileURLToPath(new URL('../../workflows/broadcast.ts', import.meta.url));
let bundle: Promise<{ readonly code: string }> | undefined;

/** The broadcast workflow alone. */
export function broadcastBundle(): Promise<{ readonly code: string }> {
  bundle ??= bundleWorkflowCode({ workflowsPath: WORKFLOW, logger: quietLogger });
  return bundle;
}

export type BroadcastHandle = WorkflowHandleWithFirstExecutionRunId<(input: unknown) => Promise<BroadcastResult>>;

export interface Broadcasting {
  readonly client: Client;
  /** Create, load and start; the workflow's handle and the broadcast's id. */
  send(spec: Partial<BroadcastSpec>, destinations: readonly string[]): Promise<{ id: string; handle: BroadcastHandle }>;
  start(broadcastId: string): Promise<BroadcastHandle>;
  signal(handle: BroadcastHandle, name: 'pause' | 'resume' | 'cancel'): Promise<void>;
  close(): Promise<void>;
}

export async function startBroadcasting(
  product: Product,
  options: { readonly maxCachedWorkflows?: number; readonly pagesAtOnce?: number } = {},
): Promise<Broadcasting> {
  installRuntime();
  const { address, namespace } = await getTemporal();
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace, identity: 'test' });
  const workers = await Promise.all(
    Object.values(TASK_QUEUES).map(async (taskQueue) =>
      Worker.create({
        connection: native,
        namespace,
        identity: 'test',
        taskQueue,
        workflowBundle: await broadcastBundle(),
        activities: failing(createBroadcastActivities(product.deps)),
        maxCachedWorkflows: options.maxCachedWorkflows ?? 100,
        maxConcurrentActivityTaskExecutions: taskQueue === TASK_QUEUES.bulk ? (options.pagesAtOnce ?? SLOTS) : SLOTS,
        shutdownGraceTime: '1 s',
      }),
    ),
  );
  const runs = workers.map((worker) => worker.run());
  const start = (broadcastId: string): Promise<BroadcastHandle> =>
    client.workflow.start(WORKFLOW_TYPES.broadcast, {
      workflowId: `blocklist-broadcast-${broadcastId}`,
      taskQueue: TASK_QUEUES.bulk,
      args: [{ broadcastId }],
    });
  return {
    client,
    start,
    async send(spec, destinations) {
      const { broadcastId } = await createBroadcast(product.storage, { ...SPRING, ...spec });
      await loadAudience(product.storage, broadcastId, lines(destinations));
      await startable(product.storage, broadcastId);
      return { id: broadcastId, handle: await start(broadcastId) };
    },
    signal: (handle, name) => handle.signal(BROADCAST_MESSAGES[name]),
    async close() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await Promise.all(runs);
      await connection.close();
      await native.close();
    },
  };
}

export const SPRING: BroadcastSpec = {
  campaignReference: 'spring',
  channel: 'SMS',
  sender: '10950',
  text: 'Our spring offer. STOP to end.',
};

export const lines = (destinations: readonly string[]): AudienceLine[] =>
  destinations.map((destination, i) => ({ line: i + 1, destination }));

/** Cut the audience of a broadcast anew, so that a few people make many pages. */
export async function cutPages(product: Product, id: string, size: number): Promise<void> {
  await product.storage.db.transaction(async (tx) => {
    // Under numbers of their own first: old and new ones must not meet.
    await tx.query(
      `insert into broadcast_pages (broadcast_id, page, contacts)
       select p.broadcast_id, -1 - (listed.n - 1) / $2, array_agg(listed.id order by listed.n)
       from broadcasts b
       join broadcast_pages p on p.broadcast_id = b.id
       cross join unnest(p.contacts) with ordinality as listed(id, n)
       where b.key = $1
       group by 1, 2`,
      [id, size],
    );
    const own = 'broadcast_id = (select id from broadcasts where key = $1)';
    await tx.query(`delete from broadcast_pages where ${own} and page > 0`, [id]);
    await tx.query(`update broadcast_pages set page = -page where ${own}`, [id]);
  });
}

/** Numbers that nobody else in the test file has. */
let used = 0;
export function newNumbers(count: number): string[] {
  used += count;
  return Array.from({ length: count }, (_, i) => String(385_910_000_000 + used - i));
}

/** Everything the sandbox has accepted for these people, oldest first. */
export async function sentTo(product: Product, destinations: readonly string[]): Promise<LoggedMessage[]> {
  const wanted = new Set(destinations);
  const found: LoggedMessage[] = [];
  for (let after: number | null = 0; after !== null;) {
    const response = await fetch(`${product.sandbox.url}/messages?after=${after}&limit=50000`);
    const page = (await response.json()) as { messages: LoggedMessage[]; next: number | null };
    found.push(...page.messages.filter(({ to }) => wanted.has(to)));
    after = page.next;
  }
  return found;
}

export const countsOf = async (product: Product, id: string) => (await broadcastStatus(product.storage, id)).counts;

/** Read all replies, as the inbound workflows would. */
export async function readReplies(product: Product): Promise<void> {
  const { blocklistDrain } = createInboundActivities(product.deps);
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) while ((await blocklistDrain({ shard })).more);
}

export async function faults(product: Product, ...rules: readonly object[]): Promise<void> {
  await fetch(`${product.sandbox.url}/faults`, { method: 'DELETE' });
  if (rules.length > 0) await fetch(`${product.sandbox.url}/faults`, { method: 'POST', body: JSON.stringify(rules) });
}
