// Group commit: many small requests share a transaction. While commits are under way, what arrives gathers for the next one,
// so an idle gateway adds no delay and a busy one writes thousands of requests in a few dozen transactions a second.
import { BlocklistError } from '../domain/errors.js';

export interface GroupCommitOptions {
  /** Most items of one commit. */
  readonly mostItems: number;
  /** Commits under way at once, at most. */
  readonly concurrency: number;
  /**
   * How long what arrives gathers before a further commit is started beside one under way. Long enough for large batches,
   * short enough that a commit waiting behind its barrier does not keep the others waiting as well.
   */
  readonly patienceMs: number;
  /** More waiting items than this are refused, so that memory stays bounded while the database is away. */
  readonly mostWaiting: number;
}

interface Slice<Item, Result> {
  readonly items: readonly Item[];
  readonly resolve: (results: readonly Result[]) => void;
  readonly reject: (error: unknown) => void;
}

/** `commit` gives one result for each item, in their order. A failure fails exactly those whose items it held. */
export class GroupCommit<Item, Result> {
  #waiting: Slice<Item, Result>[] = [];
  #waitingItems = 0;
  #underWay = 0;
  #startedAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  constructor(
    private readonly commit: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly options: GroupCommitOptions,
  ) {}

  /** Resolves when all `items` are committed, with their results in order. */
  async add(items: readonly Item[]): Promise<readonly Result[]> {
    if (items.length === 0) return [];
    if (this.#waitingItems + items.length > this.options.mostWaiting) {
      throw new BlocklistError('STORAGE_UNAVAILABLE', 'Too much is waiting to be stored. Try again shortly.', {
        retryable: true,
      });
    }
    const slices: Promise<readonly Result[]>[] = [];
    for (let at = 0; at < items.length; at += this.options.mostItems) {
      slices.push(this.#enqueue(items.slice(at, at + this.options.mostItems)));
    }
    return slices.length === 1 && slices[0] !== undefined ? slices[0] : (await Promise.all(slices)).flat();
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drained(): Promise<void> {
    if (this.#underWay === 0 && this.#waiting.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #enqueue(items: readonly Item[]): Promise<readonly Result[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ items, resolve, reject });
      this.#waitingItems += items.length;
      this.#next();
    });
  }

  #next(): void {
    while (this.#underWay < this.options.concurrency && this.#waiting.length > 0) {
      const early = this.#underWay === 0 ? 0 : this.#startedAt + this.options.patienceMs - performance.now();
      if (early > 0) {
        if (this.#timer === undefined) this.#timer = setTimeout(() => this.#patienceEnded(), early);
        return;
      }
      this.#underWay += 1;
      this.#startedAt = performance.now();
      void this.#run(this.#take());
    }
    if (this.#underWay === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #patienceEnded(): void {
    this.#timer = undefined;
    this.#next();
  }

  #take(): readonly Slice<Item, Result>[] {
    let count = 0;
    let items = 0;
    for (const slice of this.#waiting) {
      if (count > 0 && items + slice.items.length > this.options.mostItems) break;
      items += slice.items.length;
      count += 1;
    }
    this.#waitingItems -= items;
    return this.#waiting.splice(0, count);
  }

  async #run(slices: readonly Slice<Item, Result>[]): Promise<void> {
    try {
      const results = await this.commit(slices.flatMap((slice) => slice.items));
      let at = 0;
      for (const slice of slices) slice.resolve(results.slice(at, (at += slice.items.length)));
    } catch (error) {
      for (const slice of slices) slice.reject(error);
    } finally {
      this.#underWay -= 1;
      this.#next();
    }
  }
}
