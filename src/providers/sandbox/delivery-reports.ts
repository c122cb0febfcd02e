// Delivery reports, as a network gives them: some time after the hand-over, in batches, again and again while the gateway is
// down. The log is the queue, so a backlog of any length needs no memory and outlives a restart: a small file beside the log
// holds the number of messages already reported.
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { formatMicroseconds, type SandboxClock } from './clock.js';
import { backOffMs, isFinal, isSuccess, type GatewayWebhook } from './gateway-webhook.js';
import { hashText } from './hash-chains.js';
import { endWithin, readIds } from './log-reading.js';
import type { MessageLog } from './message-log.js';
import type { Timers } from './timers.js';

export interface ReportSettings {
  readonly afterMs: number;
  /** Share of messages that get a report; 0 switches reports off. */
  readonly share: number;
  readonly undeliverableShare: number;
  readonly seed: number;
}

export interface ReportCounts {
  readonly delivered: number;
  readonly undeliverable: number;
  readonly pending: number;
  readonly failedCalls: number;
  readonly givenUp: number;
}

export interface DeliveryReports {
  /** The log has grown up to its present size at this moment. */
  noteAccepted(): void;
  counts(): ReportCounts;
  close(): void;
}

/** Everything accepted before row `end` is due at `dueAt` (milliseconds, monotonic). */
interface Mark {
  end: number;
  dueAt: number;
  /** `dueAt` of the first hand-over in it: what limits how far later ones may move the mark. */
  readonly firstDueAt: number;
}

const MAX_BATCH = 1_000;
/** Whole lines are read for their ids; texts may be huge. */
const MAX_BATCH_BYTES = 8 << 20;
/** Hand-overs this close share a mark; with the limit below, a gateway that is down for hours costs nothing. */
const LEAST_MERGE_MS = 250;
const MAX_MARKS = 1_024;
/** After so many "no for good" answers a batch is given up, as a network would, instead of holding up all others. */
const MAX_FINAL_REFUSALS = 3;
/** The log could not be read (too many open files, say). */
const RETRY_READING_MS = 1_000;
const HASH_RANGE = 4_294_967_296;

export function startDeliveryReports(
  log: MessageLog,
  cursorFile: string,
  webhook: GatewayWebhook,
  clock: SandboxClock,
  timers: Timers,
  settings: ReportSettings,
): DeliveryReports {
  const count = { delivered: 0, undeliverable: 0, failedCalls: 0, givenUp: 0 };
  if (settings.share === 0) {
    // So that a later start with reports does not report what was sent while they were off.
    rmSync(cursorFile, { force: true });
    return { noteAccepted: () => undefined, counts: () => ({ ...count, pending: 0 }), close: () => undefined };
  }
  let reported = readCursor(cursorFile, log.size);
  const cursor = openSync(cursorFile, existsSync(cursorFile) ? 'r+' : 'w', 0o600);
  saveCursor();
  // Half of the marks cover the waiting time; the limit is reached only when calls fail.
  const mergeMs = Math.max(LEAST_MERGE_MS, (2 * settings.afterMs) / MAX_MARKS);
  const marks: Mark[] = [];
  let isBusy = false;
  let isClosed = false;
  if (reported < log.size) noteAccepted();
  return { noteAccepted, counts: () => ({ ...count, pending: log.size - reported }), close };

  function noteAccepted(): void {
    const dueAt = performance.now() + settings.afterMs;
    const last = marks.at(-1);
    if (last !== undefined && (dueAt - last.firstDueAt < mergeMs || marks.length >= MAX_MARKS)) {
      last.end = log.size;
      last.dueAt = dueAt;
    } else {
      marks.push({ end: log.size, dueAt, firstDueAt: dueAt });
    }
    if (!isBusy) schedule();
  }

  function schedule(delayMs = Math.max(0, (marks[0]?.dueAt ?? 0) - performance.now())): void {
    isBusy = true;
    timers.after(delayMs, () => void work().catch(() => schedule(RETRY_READING_MS)));
  }

  async function work(): Promise<void> {
    let refusals = 0;
    for (let attempt = 0; ;) {
      if (isClosed) return;
      while (marks[0] !== undefined && marks[0].end <= reported) marks.shift();
      const due = marks[0];
      isBusy = due !== undefined;
      if (due === undefined) return;
      if (due.dueAt > performance.now()) return schedule();
      const end = endWithin(log, reported, Math.min(due.end, reported + MAX_BATCH), MAX_BATCH_BYTES);
      const results = await reportsOf(reported, end);
      const answer =
        results.length === 0 ? { status: 200 } : await webhook.postJson('/inbound/sandbox/reports', { results });
      if (isClosed) return;
      if (!isSuccess(answer)) {
        count.failedCalls++;
        if (isFinal(answer.status)) refusals++;
        if (refusals < MAX_FINAL_REFUSALS) {
          await new Promise<void>((resolve) => timers.after(backOffMs(attempt++), resolve));
          continue;
        }
        count.givenUp += results.length;
      } else {
        for (const { status } of results) count[status === 'DELIVERED' ? 'delivered' : 'undeliverable']++;
      }
      attempt = refusals = 0;
      reported = end;
      saveCursor();
    }
  }

  async function reportsOf(from: number, to: number) {
    const ids = await readIds(log, from, to);
    const doneAt = formatMicroseconds(clock.now());
    return ids
      .filter((id) => settings.share === 1 || draw('report', id) < settings.share)
      .map((messageId) => ({
        messageId,
        status: draw('deliver', messageId) < settings.undeliverableShare ? 'UNDELIVERABLE' : 'DELIVERED',
        doneAt,
      }));
  }

  function draw(what: string, messageId: string): number {
    return hashText(what + messageId, settings.seed) / HASH_RANGE;
  }

  function saveCursor(): void {
    // Fixed width, so that a shorter number never leaves digits of a longer one.
    writeSync(cursor, String(reported).padStart(16, '0'), 0);
  }

  function close(): void {
    isClosed = true;
    closeSync(cursor);
  }
}

/** Without a cursor nothing of the past is reported. */
function readCursor(file: string, size: number): number {
  const saved = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return /^\d{16}$/.test(saved) ? Math.min(Number(saved), size) : size;
}
