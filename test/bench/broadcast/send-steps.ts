// The send step of hand-written flows, started at an even pace as long as few are under way: from the schedule of its first
// activity to the end of its last, as the server's history has it.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { tsToMs } from '@temporalio/common/lib/time.js';
import { TEAM_QUEUE, type Installation } from '../installation.js';

const STEP_EVERY_MS = 125;
/** A server with more to do than it can must not be buried: what is measured is the step, not the queue before it. */
const MOST_UNDER_WAY = 8;
const FIRST_NUMBER = 385_990_000_000;
const TEXT = 'Your parcel is on its way.';
/** Histories read at once. */
const READS = 8;

let people = 0;

export class SendSteps {
  readonly #ended: WorkflowHandle[] = [];
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #failure: unknown;

  constructor(private readonly installation: Installation) {
    this.#timer = setInterval(() => this.#next(), STEP_EVERY_MS);
  }

  /** No more are started. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** How long each took, in milliseconds; waits for those under way. */
  async durations(): Promise<number[]> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
    const durations: number[] = [];
    const waiting = [...this.#ended];
    await Promise.all(
      Array.from({ length: READS }, async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          durations.push(await durationOf(next));
        }
      }),
    );
    return durations;
  }

  #next(): void {
    if (this.#underWay.size >= MOST_UNDER_WAY) return;
    const running = this.#run()
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }

  async #run(): Promise<void> {
    const { storage, client } = this.installation;
    const { rootId } = await storage.accounts.get();
    const value = String(FIRST_NUMBER + (people += 1));
    const [id] = await storage.contacts.resolve(rootId, [{ kind: 'phone', value }]);
    const flow = { workflowId: randomUUID(), taskQueue: TEAM_QUEUE, args: [{ id }, TEXT] };
    const handle = await client.workflow.start('sendOnce', flow);
    const outcome: unknown = await handle.result();
    if (outcome !== 'sent') throw new Error(`a flow ended as ${String(outcome)}`);
    this.#ended.push(handle);
  }
}

async function durationOf(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes != null);
  const completed = events?.findLast((event) => event.activityTaskCompletedEventAttributes != null);
  return tsToMs(completed?.eventTime) - tsToMs(scheduled?.eventTime);
}
