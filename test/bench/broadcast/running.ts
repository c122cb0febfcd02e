// One broadcast of a benchmark: loaded, started, waited for.
import { WORKFLOW_TYPES, TASK_QUEUES } from '../../../src/domain/names.js';
import { createBroadcast, loadAudience, readBroadcast, type AudienceLine } from '../../../src/storage/broadcasts.js';
import { readStream, type StreamFacts } from '../../../src/storage/sends.js';
import type { BroadcastResult } from '../../../workflows/broadcast.js';
import type { Installation } from '../installation.js';

export const SENDER = '10950';
const FIRST_NUMBER = 385_910_000_000;
const TEXT = 'Our spring offer is here: 20 % off everything until Sunday. Reply STOP to end.';

export interface Running {
  readonly broadcastId: string;
  readonly stream: StreamFacts;
  /** How long the audience took to load. */
  readonly loadMs: number;
  /** Settles at its end, with the time from its start. */
  readonly ended: Promise<{ readonly result: BroadcastResult; readonly ms: number }>;
}

/** The destination of the `n`th recipient of every broadcast. */
export const numberOf = (n: number): string => String(FIRST_NUMBER + n);

/** Resolves when it has started. */
export async function runBroadcast(installation: Installation, recipients: number): Promise<Running> {
  const { storage, client } = installation;
  const begun = performance.now();
  const { broadcastId } = await createBroadcast(storage, {
    campaignReference: 'bench',
    channel: 'SMS',
    sender: SENDER,
    text: TEXT,
  });
  await loadAudience(storage, broadcastId, audience(recipients));
  const loaded = performance.now();
  const handle = await client.workflow.start(WORKFLOW_TYPES.broadcast, {
    workflowId: `blocklist-broadcast-${broadcastId}`,
    taskQueue: TASK_QUEUES.bulk,
    args: [{ broadcastId }],
  });
  const { streamId } = await readBroadcast(storage.db, broadcastId);
  return {
    broadcastId,
    stream: await readStream(storage.db, streamId),
    loadMs: loaded - begun,
    ended: handle.result().then((result) => ({ result: result as BroadcastResult, ms: performance.now() - loaded })),
  };
}

function* audience(count: number): Generator<AudienceLine> {
  for (let n = 0; n < count; n += 1) yield { line: n + 1, destination: numberOf(n) };
}
