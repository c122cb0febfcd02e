// The rate limit of one broadcast: spaces hand-overs evenly, so that no second sees more than its share. One page at a time
// keeps it, and tells the next one when it may go on.

/** Calls of the provider a second at most while a limit is kept; each carries what the limit allows for its share. */
const CALLS_A_SECOND = 10;

export class Pace {
  /** Messages of one hand-over. */
  readonly batch: number;
  readonly #spacingMs: number;
  #next: number;

  constructor(perSecond: number, now: number, nextSendAt = now) {
    this.batch = Math.max(1, Math.floor(perSecond / CALLS_A_SECOND));
    this.#spacingMs = 1000 / perSecond;
    // A clock that was set back must not stop the broadcast until it has caught up.
    this.#next = Math.min(nextSendAt, now + 2 * this.batch * this.#spacingMs);
  }

  /** When the next message may leave, in milliseconds since 1970. */
  get nextSendAt(): number {
    return Math.ceil(this.#next);
  }

  /** Take the turn of so many messages; returns when they may leave. What a late hand-over lost it may catch up once. */
  take(messages: number, now: number): number {
    const at = Math.max(this.#next, now - this.batch * this.#spacingMs);
    this.#next = at + messages * this.#spacingMs;
    return at;
  }

  /** They did not leave. */
  giveBack(messages: number): void {
    this.#next -= messages * this.#spacingMs;
  }
}
