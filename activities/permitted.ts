// What a check has just learnt about a permit, for the dispatch that follows it: nearly always in the same process, which need
// not read it again then. Only a first dispatch may rely on it, and the fence decides in any case.
import type { StoredSend } from '../src/storage/sends.js';

/** Far more than are between check and dispatch at any time; a lost one is read. */
const REMEMBERED = 10_000;

export class Permitted {
  readonly #sends = new Map<string, StoredSend>();

  remember(send: StoredSend): void {
    if (this.#sends.size >= REMEMBERED) this.#sends.clear();
    this.#sends.set(send.id, send);
  }

  /** Each is given out once. */
  take(permitId: string): StoredSend | undefined {
    const send = this.#sends.get(permitId);
    this.#sends.delete(permitId);
    return send;
  }
}
