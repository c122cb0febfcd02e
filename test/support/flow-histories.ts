// What tests read out of a flow: how it ended, what its history says, and whether that history replays.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import { flowsBundle, installRuntime, until, type Team } from './team.js';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));
const PREFIX = 'steps-0.1.0-';

/** Files of recorded histories, from this and earlier releases. */
export const recordedHistories = readdirSync(FOLDER).filter((name) => name.startsWith('steps-'));

/** Throws if today's code would have acted differently. From JSON, which needs one copy of protobufjs everywhere. */
export async function replayRecorded(file: string): Promise<void> {
  installRuntime();
  const history: unknown = JSON.parse(readFileSync(`${FOLDER}${file}`, 'utf8'));
  const options = { workflowBundle: await flowsBundle(), plugins: [new BlocklistPlugin({ codecKeys: [] })] };
  await Worker.runReplayHistory(options, history, 'recorded-1');
}

/** Replay every flow of the team that has ended; returns their number and what went wrong. */
export async function replayEnded(
  team: Team,
): Promise<{ readonly replayed: number; readonly errors: readonly string[] }> {
  const ended = team.client.workflow.list({ query: 'ExecutionStatus != "Running"' }).intoHistories();
  const options = { workflowBundle: await flowsBundle(), plugins: [new BlocklistPlugin({ codecKeys: [] })] };
  const errors: string[] = [];
  let replayed = 0;
  for await (const { workflowId, error } of Worker.runReplayHistories(options, ended)) {
    replayed += 1;
    if (error) errors.push(`${workflowId}: ${error.message}`);
  }
  return { replayed, errors };
}

/** Write histories of flows into the repository; done once a release, with BLOCKLIST_RECORD_HISTORIES set. */
export async function recordHistories(team: Team, flows: readonly string[]): Promise<void> {
  if (process.env['BLOCKLIST_RECORD_HISTORIES'] === undefined) return;
  for (const flow of flows) {
    const query = `WorkflowType = "${flow}" and ExecutionStatus = "Completed"`;
    let kept = 0;
    for await (const { workflowId, runId } of team.client.workflow.list({ query })) {
      const json = historyToJSON(await team.client.workflow.getHandle(workflowId, runId).fetchHistory());
      // Stacks name folders of the machine.
      if (json.includes('stackTrace') || kept === 2) continue;
      writeFileSync(`${FOLDER}${PREFIX}${flow}-${(kept += 1)}.json`, `${json}\n`);
    }
  }
}

/** The failure a flow ended with. */
export async function failureOf(handle: WorkflowHandle): Promise<ApplicationFailure> {
  const error: unknown = await handle.result().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) return error.cause;
  throw new Error('the flow did not fail');
}

export async function statusOf(handle: WorkflowHandle): Promise<string> {
  return (await handle.describe()).status.name;
}

/** The permit named by the first answer of a check. */
export async function permitOf(handle: WorkflowHandle): Promise<string> {
  let found: string | undefined;
  await until(async () => {
    const { events } = await handle.fetchHistory();
    const [payload] =
      events?.flatMap((event) => event.activityTaskCompletedEventAttributes?.result?.payloads ?? []) ?? [];
    if (payload?.data) found = (JSON.parse(Buffer.from(payload.data).toString()) as { permitId: string }).permitId;
    return found !== undefined;
  }, 'the answer of the first check');
  return found ?? '';
}

/** The one-line summaries of a flow's activities. */
export async function summariesOf(handle: WorkflowHandle): Promise<readonly string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? [])
    .filter((event) => event.activityTaskScheduledEventAttributes)
    .map((event) => JSON.parse(Buffer.from(event.userMetadata?.summary?.data ?? []).toString()) as string);
}

interface SignalDefinition {
  readonly name: string;
  readonly description?: string;
}

/** The signals that a flow offers to operators. */
export async function signalsOf(handle: WorkflowHandle): Promise<readonly SignalDefinition[]> {
  const metadata = await handle.query<{
    readonly definition: { readonly signalDefinitions: readonly SignalDefinition[] };
  }>('__temporal_workflow_metadata');
  return metadata.definition.signalDefinitions;
}
