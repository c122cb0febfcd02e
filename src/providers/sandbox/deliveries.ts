// Carries what people do to the gateway, again and again if asked, and keeps when the gateway acknowledged each of it.
import { formatMicroseconds } from './clock.js';
import { backOffMs, isFinal, isSuccess, type WebhookAnswer } from './gateway-webhook.js';
import type { Timers } from './timers.js';

/** One thing a person did. */
export interface Action {
  readonly via: 'reply' | 'link';
  /** Of a reply its own id, of a press on a link the id of the message that held the link. */
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly channel: string;
  readonly inReplyTo: string | null;
  /** When the person did it: before the first attempt to tell the gateway. */
  readonly begunAt: string;
}

/** The end of one delivery, as `GET /replies` lists it. */
export interface DeliveryRecord extends Action, Delivered {
  /** Counts from 1 since the process began. */
  readonly n: number;
  readonly attempts: number;
}

export interface Delivered {
  /** The gateway's HTTP status; 502 not reachable, 503 too many waiting, 504 no answer in time. */
  readonly status: number;
  /** When the gateway's answer arrived; null unless it was a success. */
  readonly acknowledgedAt: string | null;
  /** True when this attempt failed and the sandbox goes on trying. */
  readonly retrying?: true;
}

const MAX_RECORDS = 100_000;
const MAX_WAITING = 100_000;

export class Deliveries {
  readonly #timers: Timers;
  #records: DeliveryRecord[] = [];
  #recorded = 0;
  #acknowledged = 0;
  #waiting = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Makes one attempt for all `actions`; with `retry` further ones follow in the background until the gateway decides. */
  async carry(
    actions: readonly Action[],
    retry: boolean,
    attempt: () => Promise<WebhookAnswer>,
    attempts = 1,
  ): Promise<Delivered> {
    const answer = await attempt();
    const mayRetry = retry && !isSuccess(answer) && !isFinal(answer.status);
    if (mayRetry && this.#waiting + actions.length <= MAX_WAITING) {
      this.#waiting += actions.length;
      this.#timers.after(backOffMs(attempts - 1), () => {
        this.#waiting -= actions.length;
        void this.carry(actions, retry, attempt, attempts + 1);
      });
      return { status: answer.status, acknowledgedAt: null, retrying: true };
    }
    const isAcknowledged = isSuccess(answer) && answer.answeredAt !== undefined;
    const acknowledgedAt = isAcknowledged ? formatMicroseconds(answer.answeredAt) : null;
    const status = mayRetry ? 503 : answer.status;
    this.#record(actions, { status, acknowledgedAt, attempts });
    return { status, acknowledgedAt };
  }

  /** Finished deliveries after number `after`, at most `limit`; only the latest 100,000 are kept. */
  list(after: number, limit: number): { readonly replies: readonly DeliveryRecord[]; readonly next: number | null } {
    const forgotten = this.#recorded - this.#records.length;
    const from = Math.max(0, after - forgotten);
    const replies = this.#records.slice(from, from + limit);
    const last = replies.at(-1)?.n ?? this.#recorded;
    return { replies, next: last < this.#recorded ? last : null };
  }

  counts(): { readonly acknowledged: number; readonly failed: number; readonly waiting: number } {
    return { acknowledged: this.#acknowledged, failed: this.#recorded - this.#acknowledged, waiting: this.#waiting };
  }

  #record(actions: readonly Action[], result: Pick<DeliveryRecord, 'status' | 'acknowledgedAt' | 'attempts'>): void {
    for (const action of actions) this.#records.push({ n: ++this.#recorded, ...action, ...result });
    if (result.acknowledgedAt !== null) this.#acknowledged += actions.length;
    // Cut rarely, because cutting copies.
    if (this.#records.length > 2 * MAX_RECORDS) this.#records = this.#records.slice(-MAX_RECORDS);
  }
}
