// The course of one broadcast: which pages are on their way, which come again because something of them is held, and what
// operators asked for. The row of the broadcast tells running pages about it; this workflow alone writes it there.
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  condition,
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { createBroadcastActivities } from '../activities/broadcast.js';
import type { BroadcastCounts, BroadcastProgress, BroadcastStatus } from '../src/domain/broadcast.js';
import { SEARCH_ATTRIBUTES, TASK_QUEUES } from '../src/domain/names.js';
import { HeldPages } from './held-pages.js';
import { activityFailure } from './steps/failures.js';

type Activities = ReturnType<typeof createBroadcastActivities>;
type Asked = Exclude<BroadcastStatus, 'LOADING' | 'FINISHED'>;

export interface BroadcastInput {
  readonly broadcastId: string;
  /** Where the run before stopped. */
  readonly state?: BroadcastState;
}

interface BroadcastState {
  readonly nextPage: number;
  /** Pages begun and called off before their end. */
  readonly again: readonly number[];
  readonly asked: Asked;
  readonly backOffMs: number;
  readonly nextSendAt?: number;
}

export interface BroadcastResult {
  readonly status: BroadcastStatus;
  readonly counts: BroadcastCounts;
}

const accountAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.account, 'KEYWORD');
const campaignAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.campaign, 'KEYWORD');
const phaseAttribute = defineSearchAttributeKey(SEARCH_ATTRIBUTES.phase, 'KEYWORD');

/** Two keep the database busy while one of them waits for the provider. */
const PAGES_AT_ONCE = 2;
/** Six events each; Temporal advises about 2,000 a run. */
const PAGES_A_RUN = 200;
const NOTHING: BroadcastCounts = { audience: 0, permitted: 0, sent: 0, blocked: 0, held: 0, failed: 0 };

/** Storage being down is never an answer: everything is tried again until it comes back. */
const RETRY = { initialInterval: '500 ms', backoffCoefficient: 2, maximumInterval: '10 s' } as const;
/** On the queue of single messages, where no page can keep a pause waiting. */
const { blocklistStartBroadcast, blocklistBroadcastProgress, blocklistSetBroadcastStatus } =
  proxyActivities<Activities>({
    taskQueue: TASK_QUEUES.single,
    summary: 'the whole broadcast',
    startToCloseTimeout: '60 s',
    retry: RETRY,
  });

export class BroadcastRun {
  readonly #id: string;
  readonly #again: number[];
  readonly #held: HeldPages;
  readonly #running = new Set<number>();
  #asked: Asked;
  #status: BroadcastStatus = 'LOADING';
  #counts = NOTHING;
  #pages = 0;
  #accountKey = '';
  #isLimited = false;
  #nextPage: number;
  #nextSendAt: number | undefined;
  #pagesOfRun = 0;
  #failure: unknown;
  #hasEnded = false;

  constructor({ broadcastId, state }: BroadcastInput) {
    this.#id = broadcastId;
    this.#asked = state?.asked ?? 'RUNNING';
    this.#again = [...(state?.again ?? [])];
    this.#held = new HeldPages(state?.backOffMs);
    this.#nextPage = state?.nextPage ?? 1;
    this.#nextSendAt = state?.nextSendAt;
  }

  get result(): BroadcastResult {
    return { status: this.#status, counts: this.#counts };
  }

  /** What operators want. A cancellation is final. */
  ask(status: Asked): void {
    if (this.#asked !== 'CANCELLED') this.#asked = status;
  }

  /** @throws ApplicationFailure if there is no such broadcast; everything else is waited out. */
  async toItsEnd(): Promise<BroadcastResult> {
    try {
      await this.#run();
      return this.result;
    } catch (error) {
      throw activityFailure(error);
    }
  }

  async #run(): Promise<void> {
    await this.#start();
    while (!this.#hasEnded) {
      if (this.#status !== this.#asked) {
        await this.#tellPages();
        continue;
      }
      const isLong = this.#pagesOfRun >= PAGES_A_RUN || workflowInfo().continueAsNewSuggested;
      if (!isLong) this.#launch();
      if (this.#running.size === 0) {
        if (this.#failure !== undefined) throw this.#failure;
        if (isLong) await this.#continue();
        if (this.#isOver()) {
          await this.#finish();
          continue;
        }
      }
      await this.#untilSomethingChanges();
    }
  }

  async #start(): Promise<void> {
    const start = await blocklistStartBroadcast({ broadcastId: this.#id });
    this.#pages = start.pages;
    this.#accountKey = start.accountKey;
    this.#isLimited = start.isLimited;
    for (const page of start.openPages) if (!this.#again.includes(page)) this.#held.add(page);
    // Cancelled before this run could hear of it.
    if (start.status === 'CANCELLED') this.#asked = 'CANCELLED';
    this.#hasEnded = start.status === 'FINISHED';
    upsertSearchAttributes([
      { key: accountAttribute, value: start.accountKey },
      ...(start.campaignReference === undefined ? [] : [{ key: campaignAttribute, value: start.campaignReference }]),
    ]);
    this.#show(start);
  }

  async #tellPages(): Promise<void> {
    const status = await blocklistSetBroadcastStatus({ broadcastId: this.#id, status: this.#asked as Asked });
    if (status === 'CANCELLED') this.#asked = 'CANCELLED';
    // Finished by an attempt whose answer was lost: what was asked meanwhile came too late.
    this.#hasEnded = status === 'FINISHED';
    this.#show({ status, counts: this.#counts });
  }

  #launch(): void {
    if (this.#status === 'PAUSED' || this.#failure !== undefined) return;
    if (this.#status === 'RUNNING') this.#held.beginPass(Date.now(), this.#counts.held);
    const slots = this.#isLimited ? 1 : PAGES_AT_ONCE;
    for (let page; this.#running.size < slots && (page = this.#takePage()) !== undefined;) void this.#sendPage(page);
  }

  #takePage(): number | undefined {
    const page = this.#again.shift();
    if (page !== undefined) return page;
    // What is held ends with the broadcast; pages that were never begun have nothing to end.
    if (this.#status === 'CANCELLED') return this.#held.takeAny();
    return this.#held.take() ?? (this.#nextPage <= this.#pages ? this.#nextPage++ : undefined);
  }

  async #sendPage(page: number): Promise<void> {
    this.#running.add(page);
    this.#pagesOfRun += 1;
    const { blocklistSendPage } = proxyActivities<Activities>({
      summary: `page ${page} of ${this.#pages}`,
      startToCloseTimeout: '10 minutes',
      // A worker that was killed is missed soon, and its page goes on elsewhere.
      heartbeatTimeout: '10 s',
      retry: RETRY,
      // However many pages one account has waiting, the next slot is another one's (where the server has fairness on).
      priority: { fairnessKey: this.#accountKey },
    });
    const limit = this.#nextSendAt === undefined ? {} : { nextSendAt: this.#nextSendAt };
    try {
      const sent = await blocklistSendPage({ broadcastId: this.#id, page, ...limit });
      this.#nextSendAt = sent.nextSendAt;
      if (!sent.isDone) this.#again.push(page);
      else if (sent.held > 0) this.#held.add(page);
      this.#show({ status: this.#status, counts: sent.counts });
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#running.delete(page);
    }
  }

  #isOver(): boolean {
    if (this.#status === 'PAUSED' || this.#again.length > 0 || this.#held.size > 0) return false;
    return this.#status === 'CANCELLED' || this.#nextPage > this.#pages;
  }

  /** Unless something is open after all: a worker thought dead may have written what it knew last. */
  async #finish(): Promise<void> {
    if (this.#status === 'RUNNING') await blocklistSetBroadcastStatus({ broadcastId: this.#id, status: 'FINISHED' });
    const end = await blocklistBroadcastProgress({ broadcastId: this.#id });
    this.#hasEnded = end.status === 'FINISHED' || end.status === 'CANCELLED';
    if (!this.#hasEnded) for (const page of end.openPages) this.#held.add(page);
    this.#show(end);
  }

  /** Nothing is awaited between the look at what operators asked for and the end of the run: no signal is lost. */
  async #continue(): Promise<void> {
    await continueAsNew<(input: BroadcastInput) => Promise<BroadcastResult>>({
      broadcastId: this.#id,
      state: {
        nextPage: this.#nextPage,
        again: this.#again,
        asked: this.#asked,
        backOffMs: this.#held.backOffMs,
        ...(this.#nextSendAt === undefined ? {} : { nextSendAt: this.#nextSendAt }),
      },
    });
  }

  async #untilSomethingChanges(): Promise<void> {
    const before = this.#running.size;
    const hasChanged = (): boolean => this.#status !== this.#asked || this.#running.size < before;
    const passInMs = this.#status === 'RUNNING' ? this.#held.passInMs(Date.now()) : undefined;
    if (passInMs === undefined) await condition(hasChanged);
    else await condition(hasChanged, passInMs, { summary: 'held messages' });
  }

  #show({ status, counts }: Pick<BroadcastProgress, 'status' | 'counts'>): void {
    if (status !== this.#status) upsertSearchAttributes([{ key: phaseAttribute, value: status }]);
    this.#status = status;
    this.#counts = counts;
    const figures = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
    const page = Math.min(this.#nextPage - 1, this.#pages);
    setCurrentDetails(`**${status}**, page ${page} of ${this.#pages}: ${figures.join(', ')}`);
  }
}
