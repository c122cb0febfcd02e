// What tests read out of a flow: how it ended, what its history says, and whether that history replays.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import type { temporal } from '@temporalio/proto';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import { flowsBundle, installRuntime, TEAM_QUEUE, type Team } from './team.js';

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
  const ended = team.client.workflow
    .list({ query: `ExecutionStatus != "Running" and TaskQueue = "${TEAM_QUEUE}"` })
    .intoHistories();
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

export interface Call<Input, Result> {
  readonly input: Input;
  /** Undefined while it runs. */
  readonly result: Result | undefined;
}

type History = temporal.api.history.v1.IHistory;

/** What a flow has asked of one activity so far and what it was told, over all its runs. Without a codec only. */
export async function callsOf<Input, Result>(
  team: Team,
  { workflowId, firstExecutionRunId }: { readonly workflowId: string; readonly firstExecutionRunId: string },
  activity: string,
): Promise<readonly Call<Input, Result>[]> {
  const calls: Call<Input, Result>[] = [];
  for (let runId: string | null | undefined = firstExecutionRunId; runId;) {
    const history: History = await team.client.workflow.getHandle(workflowId, runId).fetchHistory();
    const events = history.events ?? [];
    const results = new Map<string, unknown>();
    runId = undefined;
    for (const event of events) {
      const completed = event.activityTaskCompletedEventAttributes;
      if (completed) results.set(String(completed.scheduledEventId), decoded(completed.result));
      runId = event.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? runId;
    }
    for (const { eventId, activityTaskScheduledEventAttributes: scheduled } of events) {
      if (scheduled?.activityType?.name !== activity) continue;
      calls.push({
        input: decoded(scheduled.input) as Input,
        result: results.get(String(eventId)) as Result | undefined,
      });
    }
  }
  return calls;
}

function decoded(
  payloads: { readonly payloads?: readonly { readonly data?: Uint8Array | null }[] | null } | null | undefined,
): unknown {
  const data = payloads?.payloads?.[0]?.data;
  return data?.length ? JSON.parse(Buffer.from(data).toString()) : undefined;
}

/** How many signals of this name the flow has received in its latest run. */
export async function signalsReceived(handle: WorkflowHandle, name: string): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowExecutionSignaledEventAttributes?.signalName === name).length;
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
