// What a broadcast is, as its workflow, its activities and the storage speak of it. Wire format: add optional fields only.
import type { MessageState } from './outcome.js';

/** Contacts of a page: one activity's work, and one row of the audience. */
export const PAGE_SIZE = 5_000;

export const BROADCAST_STATUSES = ['LOADING', 'RUNNING', 'PAUSED', 'FINISHED', 'CANCELLED'] as const;
export type BroadcastStatus = (typeof BROADCAST_STATUSES)[number];

/** What became of messages so far. `permitted` of them hold or held a permit; `failed` ended otherwise than as sent. */
export interface PageCounts {
  readonly permitted: number;
  readonly sent: number;
  readonly blocked: number;
  readonly held: number;
  readonly failed: number;
}

/** In the end `audience` = `sent` + `blocked` + `failed`, unless the broadcast was cancelled. */
export interface BroadcastCounts extends PageCounts {
  readonly audience: number;
}

/** What the workflow has to know of a broadcast, and what operators see of it. */
export interface BroadcastProgress {
  readonly status: BroadcastStatus;
  readonly counts: BroadcastCounts;
  readonly pages: number;
  /** Pages begun and left before their end, or gone through with messages still held. */
  readonly openPages: readonly number[];
  /** True if the broadcast has a rate limit: only one page at a time may keep it. */
  readonly isLimited: boolean;
  readonly accountKey: string;
  readonly campaignReference?: string;
}

export interface SendPageInput {
  readonly broadcastId: string;
  readonly page: number;
  /** The rate limit's next free moment, in milliseconds since 1970, as the page before left it. */
  readonly nextSendAt?: number;
}

export interface SendPageResult {
  /** False: called off by a pause, or its turn was over; the same page has to be called again. */
  readonly isDone: boolean;
  /** Messages of the page still held. */
  readonly held: number;
  /** Of the whole broadcast. */
  readonly counts: BroadcastCounts;
  readonly nextSendAt?: number;
}

/** The counts of messages in these states. */
export function countStates(states: Iterable<MessageState>): PageCounts {
  let permitted = 0;
  let sent = 0;
  let blocked = 0;
  let held = 0;
  let failed = 0;
  for (const state of states) {
    switch (state) {
      case 'sent':
        sent += 1;
        permitted += 1;
        break;
      case 'claimed':
      case 'dispatching':
        permitted += 1;
        break;
      case 'rejected':
      case 'failed':
      case 'unknown':
        failed += 1;
        permitted += 1;
        break;
      case 'expired':
        failed += 1;
        break;
      case 'blocked':
      case 'revoked':
        blocked += 1;
        break;
      case 'held':
        held += 1;
        break;
      default:
        state satisfies never;
    }
  }
  return { permitted, sent, blocked, held, failed };
}
