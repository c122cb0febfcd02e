// Pages of which messages are held, looked at again pass by pass: after a second at first, later each time nothing came of it.

const FIRST_BACK_OFF_MS = 1_000;
const LAST_BACK_OFF_MS = 60_000;

export class HeldPages {
  readonly #waiting = new Set<number>();
  /** What is left of the pass under way. */
  #pass: number[] = [];
  #passAt: number | undefined;
  #heldBefore = 0;
  #backOffMs: number;

  constructor(backOffMs = FIRST_BACK_OFF_MS) {
    this.#backOffMs = backOffMs;
  }

  get size(): number {
    return this.#waiting.size + this.#pass.length;
  }

  get backOffMs(): number {
    return this.#backOffMs;
  }

  add(page: number): void {
    if (!this.#pass.includes(page)) this.#waiting.add(page);
  }

  /** Begin a pass if one is due. `held`: messages held at the moment; fewer than before means that passes help. */
  beginPass(now: number, held: number): void {
    if (this.#waiting.size === 0 || this.#pass.length > 0) return;
    this.#passAt ??= now + this.#backOffMs;
    if (now < this.#passAt) return;
    this.#backOffMs = held < this.#heldBefore ? FIRST_BACK_OFF_MS : Math.min(this.#backOffMs * 2, LAST_BACK_OFF_MS);
    this.#heldBefore = held;
    this.#passAt = undefined;
    this.#pass = [...this.#waiting].sort((a, b) => a - b);
    this.#waiting.clear();
  }

  /** The next page of the pass under way. */
  take(): number | undefined {
    return this.#pass.shift();
  }

  /** Any page, pass or not. */
  takeAny(): number | undefined {
    this.#pass.push(...this.#waiting);
    this.#waiting.clear();
    return this.#pass.shift();
  }

  /** Until the next pass; undefined when there is none to wait for. */
  passInMs(now: number): number | undefined {
    return this.#passAt === undefined ? undefined : Math.max(this.#passAt - now, 1);
  }
}
