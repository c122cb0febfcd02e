// POST /send: the hand-over with its faults. The time of acceptance is passed in, taken before the body was read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DeliveryReports } from './delivery-reports.js';
import type { Faults, LateFault } from './faults.js';
import { takeOver } from './hand-over.js';
import { answerJson, readJson } from './http.js';
import type { MessageLog } from './message-log.js';
import type { Responder } from './responder.js';
import { parseSendRequest } from './send-request.js';
import type { Timers } from './timers.js';

export interface SendCounts {
  requests: number;
  duplicates: number;
  rejected: number;
  rateLimited: number;
  dropped: number;
  delayed: number;
  timedOut: number;
}

export interface SendParts {
  readonly log: MessageLog;
  readonly faults: Faults;
  readonly reports: DeliveryReports;
  readonly responder: Responder;
  readonly timers: Timers;
  readonly counts: SendCounts;
  /** Ends the process at once. */
  readonly crash: () => void;
}

const DEFAULT_DELAY_MS = 1_000;
/** A caller without a time-out of its own is let go after this. */
const DEFAULT_SILENCE_MS = 60_000;

export async function handleSend(
  request: IncomingMessage,
  response: ServerResponse,
  acceptedAt: number,
  parts: SendParts,
): Promise<void> {
  const { counts, faults, log } = parts;
  counts.requests++;
  const messages = parseSendRequest(await readJson(request));
  const early = faults.early(messages);
  if (early?.mode === 'dropBeforeAccept') {
    counts.dropped++;
    response.socket?.resetAndDestroy();
    return;
  }
  if (early?.mode === 'rateLimit') {
    counts.rateLimited++;
    const retryAfterMs = early.delayMs ?? DEFAULT_DELAY_MS;
    const headers = { 'retry-after': Math.ceil(retryAfterMs / 1_000) };
    answerJson(response, 429, { error: 'too many requests', retryAfterMs }, headers);
    return;
  }
  const { answers, accepted } = takeOver(messages, acceptedAt, log, faults);
  for (const { kind } of answers) {
    if (kind === 'duplicate') counts.duplicates++;
    else if (kind === 'rejected') counts.rejected++;
  }
  const late = faults.late(messages);
  if (late === undefined) answerJson(response, 200, { answers });
  else failLate(late, response, () => answerJson(response, 200, { answers }), parts);
  if (accepted.length === 0) return;
  parts.reports.noteAccepted();
  parts.responder.react(accepted);
}

function failLate(fault: LateFault, response: ServerResponse, answer: () => void, parts: SendParts): void {
  switch (fault.mode) {
    case 'crash':
      parts.crash();
      return;
    case 'drop':
      parts.counts.dropped++;
      response.socket?.resetAndDestroy();
      return;
    case 'timeoutAfterAccept':
      parts.counts.timedOut++;
      parts.timers.after(fault.delayMs ?? DEFAULT_SILENCE_MS, () => response.destroy());
      return;
    case 'delay':
      parts.counts.delayed++;
      parts.timers.after(fault.delayMs ?? DEFAULT_DELAY_MS, answer);
      return;
    default:
      fault.mode satisfies never;
  }
}
