// One page of a broadcast on its way: claim, hand over, settle, in calls of the provider's size, two at a time, so that one is
// claimed while another is at the provider. What the provider refused goes again later, what was lost is taken over after its
// window, and whatever an earlier attempt of the page left behind is picked up where it stands.
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageState } from '../src/domain/outcome.js';
import type { Provider } from '../src/providers/provider.js';
import type { PageStates } from '../src/storage/page-states.js';
import type { BulkClaim, BulkPermits } from '../src/storage/bulk-permits.js';
import { handOver, type HandOverBatch } from './hand-over.js';
import type { Pace } from './pace.js';

/** Why a page was left before its end. `TURN`: others wait for the slot. `ENDED`: the activity was called off. */
export type Stop = 'PAUSED' | 'CANCELLED' | 'TURN' | 'ENDED';

export interface PageJob {
  /** Contacts by permit id, in the order of the page. */
  readonly messages: ReadonlyMap<string, string>;
  /** What is known of messages that an earlier attempt or pass has claimed. */
  readonly known?: PageStates;
  readonly claim: () => Omit<BulkClaim, 'messages'>;
  readonly handOver: Omit<HandOverBatch, 'permitIds'>;
  readonly permits: BulkPermits;
  readonly provider: Provider;
  readonly batch: number;
  readonly pace?: Pace;
  /** Asked between two hand-overs, and now and then while waiting. */
  readonly stop: () => Promise<Stop | undefined>;
  /** Told now and then. */
  readonly onProgress: (states: ReadonlyMap<string, MessageState>) => Promise<void>;
}

const LANES = 2;
const FIRST_BACK_OFF_MS = 250;
const LAST_BACK_OFF_MS = 15_000;
/** How soon a pause or a cancellation is noticed by somebody who waits. */
const LOOK_UP_MS = 250;
const PROGRESS_EVERY_MS = 1_000;
/** How long after its window a dispatch that somebody else began is taken over. */
const AFTER_WINDOW_MS = 50;

interface Waiting {
  readonly ids: readonly string[];
  /** By the monotonic clock, as all waiting here: a wall clock that is set back must not stop a broadcast. */
  readonly from: number;
}

const now = (): number => performance.now();

export class PageRun {
  /** The last state seen of each message; complete when the page has been gone through. */
  readonly states = new Map<string, MessageState>();
  readonly #job: PageJob;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #refusals = 0;
  #providerFrom = 0;
  #toldAt = now();
  #stop: Stop | undefined;
  #hasFailed = false;

  constructor(job: PageJob) {
    this.#job = job;
    for (const { state, ids } of job.known ?? []) for (const id of ids) this.states.set(id, state);
    const due = (job.known ?? []).filter((group) => group.due).flatMap((group) => group.ids);
    const unknown = [...job.messages.keys()].filter((id) => !this.states.has(id));
    this.#ask([...unknown, ...due], 0);
    const inDispatch = (job.known ?? []).filter((group) => group.state === 'dispatching' && !group.due);
    for (const { ids } of inDispatch) this.#ask(ids, now() + this.#job.permits.windowMs + AFTER_WINDOW_MS);
  }

  /** Returns why the page was left early, nothing if it was gone through. Throws when the storage failed. */
  async run(): Promise<Stop | undefined> {
    const ends = await Promise.allSettled(Array.from({ length: LANES }, () => this.#lane()));
    const failed = ends.find((end) => end.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return this.#stop;
  }

  async #lane(): Promise<void> {
    try {
      while (!(await this.#mustStop())) {
        const ids = this.#next();
        if (ids !== undefined) await this.#send(ids);
        else if (this.#underWay === 0 && this.#waiting.length === 0) return;
        else await this.#untilSomethingIsDue();
      }
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  async #mustStop(): Promise<boolean> {
    if (this.#hasFailed) return true;
    this.#stop ??= await this.#job.stop();
    if (this.#stop === undefined && now() - this.#toldAt > PROGRESS_EVERY_MS) {
      this.#toldAt = now();
      await this.#job.onProgress(this.states);
    }
    return this.#stop !== undefined;
  }

  async #send(ids: readonly string[]): Promise<void> {
    this.#underWay += 1;
    try {
      const claimed = await this.#claim(ids);
      if (claimed.length > 0 && (await this.#mayGo(claimed.length))) await this.#handOver(claimed);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Those of `ids` that may be handed over. */
  async #claim(ids: readonly string[]): Promise<string[]> {
    const { claim, messages, permits } = this.#job;
    const groups = await permits.claimMany({
      ...claim(),
      messages: ids.map((permitId) => ({ permitId, contactId: messages.get(permitId) ?? '' })),
    });
    const claimed: string[] = [];
    for (const { mine, state, ids } of groups) {
      for (const id of ids) this.states.set(id, state);
      if (!mine) continue;
      if (state === 'claimed') claimed.push(...ids);
      // An earlier attempt of this page is at it, or died in it.
      else if (state === 'dispatching') this.#ask(ids, now() + this.#job.permits.windowMs + AFTER_WINDOW_MS);
    }
    return claimed;
  }

  async #handOver(permitIds: readonly string[]): Promise<void> {
    const { permits, provider, handOver: batch } = this.#job;
    const { settled, lost, retryAfterMs } = await handOver(permits, provider, { ...batch, permitIds });
    const refused: string[] = [];
    const elsewhere: string[] = [];
    const lostIds = new Set(lost);
    for (const id of permitIds) {
      const state = settled.get(id)?.state;
      if (state !== undefined) this.states.set(id, state);
      if (state === 'claimed') refused.push(id);
      else if (state === undefined && !lostIds.has(id)) elsewhere.push(id);
    }
    // Somebody else decided between claim and fence; claiming again tells what.
    this.#ask(elsewhere, 0);
    this.#ask(lost, now() + this.#job.permits.windowMs + AFTER_WINDOW_MS);
    if (refused.length === 0) this.#refusals = 0;
    else this.#backOff(refused, retryAfterMs ?? 0);
  }

  #backOff(refused: readonly string[], retryAfterMs: number): void {
    const ownMs = Math.min(FIRST_BACK_OFF_MS * 2 ** this.#refusals, LAST_BACK_OFF_MS);
    this.#refusals += 1;
    this.#providerFrom = Math.max(this.#providerFrom, now() + Math.max(ownMs, retryAfterMs));
    this.#ask(refused, this.#providerFrom);
  }

  /** Wait for the provider and for the rate limit. False: the page is being left, and nothing may go. */
  async #mayGo(messages: number): Promise<boolean> {
    while (this.#providerFrom > now()) if (!(await this.#pause(this.#providerFrom))) return false;
    const { pace } = this.#job;
    if (pace === undefined) return true;
    const wall = Date.now();
    const at = now() + pace.take(messages, wall) - wall;
    while (at > now()) {
      if (await this.#pause(at)) continue;
      pace.giveBack(messages);
      return false;
    }
    return true;
  }

  async #pause(until: number): Promise<boolean> {
    await sleep(Math.max(1, Math.min(until - now(), LOOK_UP_MS)));
    return !(await this.#mustStop());
  }

  async #untilSomethingIsDue(): Promise<void> {
    const first = Math.min(...this.#waiting.map(({ from }) => from));
    await sleep(Math.max(5, Math.min(first - now(), this.#underWay > 0 ? 20 : LOOK_UP_MS)));
  }

  #ask(ids: readonly string[], from: number): void {
    for (let at = 0; at < ids.length; at += this.#job.batch) {
      this.#waiting.push({ ids: ids.slice(at, at + this.#job.batch), from });
    }
  }

  #next(): readonly string[] | undefined {
    const due = now();
    const at = this.#waiting.findIndex(({ from }) => from <= due);
    return at < 0 ? undefined : this.#waiting.splice(at, 1)[0]?.ids;
  }
}
