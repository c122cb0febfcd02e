// Recorded histories of broadcasts: today's workflow must act as it did when they were recorded.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { broadcastBundle } from './broadcasting.js';
import { installRuntime } from './team.js';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));
const PREFIX = 'broadcast-0.1.0-';
/** Longer histories show nothing more. */
const LONGEST = 400_000;

export const recordedBroadcasts = readdirSync(FOLDER).filter((name) => name.startsWith('broadcast-'));

export async function replayBroadcast(file: string): Promise<void> {
  installRuntime();
  const history: unknown = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8'));
  await Worker.runReplayHistory({ workflowBundle: await broadcastBundle() }, history, 'recorded-1');
}

export async function replayAll(client: Client): Promise<{ replayed: number; errors: string[] }> {
  const ended = client.workflow.list({ query: 'ExecutionStatus != "Running"' }).intoHistories();
  const errors: string[] = [];
  let replayed = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: await broadcastBundle() },
    ended,
  )) {
    replayed += 1;
    if (error) errors.push(`${workflowId}: ${error.message}`);
  }
  return { replayed, errors };
}

/** Write histories into the repository; done once a release, with BLOCKLIST_RECORD_HISTORIES set. One of each kind of course. */
export async function recordBroadcasts(client: Client): Promise<void> {
  if (process.env['BLOCKLIST_RECORD_HISTORIES'] === undefined) return;
  const kept = new Set<string>();
  for await (const { workflowId, runId } of client.workflow.list({ query: 'ExecutionStatus != "Running"' })) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const json = historyToJSON(history);
    const kind = kindOf(json);
    // Stacks name folders of the machine.
    if (json.includes('stackTrace') || json.length > LONGEST || kept.has(kind)) continue;
    kept.add(kind);
    writeFileSync(`${FOLDER}${PREFIX}${kind}.json`, `${json}\n`);
  }
}

function kindOf(json: string): string {
  const marks: readonly (readonly [string, string])[] = [
    ['blocklistPause', 'paused'],
    ['blocklistCancel', 'cancelled'],
    ['WORKFLOW_EXECUTION_CANCEL_REQUESTED', 'workflow-cancelled'],
    ['TIMER_STARTED', 'held'],
    ['"continuedExecutionRunId": "', 'continued'],
  ];
  const found = marks.filter(([mark]) => json.includes(mark)).map(([, kind]) => kind);
  return found.length === 0 ? 'plain' : found.join('-');
}
