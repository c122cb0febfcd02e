// The send step of hand-written flows, started at an even pace whatever becomes of them: from the schedule of its first activity
// to the end of its last, as the server's history has it.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { TEAM_QUEUE, type Installation } from '../installation.js';

const STEP_EVERY_MS = 125;
const FIRST_NUMBER = 385_990_000_000;
const TEXT = 'Your parcel is on its way.';
/** Histories read at once. */
const READS = 8;

let people = 0;

export class SendSteps {
  readonly #handles: Promise<WorkflowHandle>[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly installation: Installation) {
    this.#timer = setInterval(() => this.#handles.push(this.#start()), STEP_EVERY_MS);
  }

  /** No more are started. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** How long each took, in milliseconds; waits for those under way. */
  async durations(): Promise<number[]> {
    const durations: number[] = [];
    const waiting = [...this.#handles];
    await Promise.all(
      Array.from({ length: READS }, async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          durations.push(await durationOf(await next));
        }
      }),
    );
    return durations;
  }

  async #start(): Promise<WorkflowHandle> {
    const { storage, client } = this.installation;
    const { rootId } = await storage.accounts.get();
    const value = String(FIRST_NUMBER + (people += 1));
    const [id] = await storage.contacts.resolve(rootId, [{ kind: 'phone', value }]);
    return client.workflow.start('sendOnce', { workflowId: randomUUID(), taskQueue: TEAM_QUEUE, args: [{ id }, TEXT] });
  }
}

async function durationOf(handle: WorkflowHandle): Promise<number> {
  const outcome: unknown = await handle.result();
  if (outcome !== 'sent') throw new Error(`a flow ended as ${String(outcome)}`);
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes != null);
  const completed = events?.findLast((event) => event.activityTaskCompletedEventAttributes != null);
  return tsToMs(completed?.eventTime) - tsToMs(scheduled?.eventTime);
}
