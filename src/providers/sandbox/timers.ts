// Timers that end together, so that closing the sandbox leaves nothing behind.

export class Timers {
  readonly #running = new Set<NodeJS.Timeout>();
  #isClosed = false;

  get size(): number {
    return this.#running.size;
  }

  /** Runs `action` once, unless cleared before; after `clear` nothing is started any more. */
  after(delayMs: number, action: () => void): void {
    if (this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      action();
    }, delayMs);
    this.#running.add(timer);
  }

  clear(): void {
    this.#isClosed = true;
    for (const timer of this.#running) clearTimeout(timer);
    this.#running.clear();
  }
}
