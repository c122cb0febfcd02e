// Reading the log without keeping it: pages for `GET /messages`, ids for delivery reports.
import { read } from 'node:fs';
import { promisify } from 'node:util';
import { linePrefix, parseLine } from './log-line.js';
import type { MessageLog } from './message-log.js';

const readAt = promisify(read);
/** A page ends early when its texts are huge, so that one request cannot take all memory. */
const MAX_PAGE_BYTES = 32 << 20;
const COMMA = 44;
const QUOTE = 34;

export interface PageQuery {
  readonly to?: string;
  /** Sequence number after which the page begins. */
  readonly after: number;
  readonly limit: number;
}

export interface Page {
  /** The messages as JSON, separated by commas. */
  readonly messages: Buffer;
  /** What to pass as `after` for the next page; undefined at the end. */
  readonly next: number | undefined;
}

export function readPage(log: MessageLog, query: PageQuery): Promise<Page> {
  return query.to === undefined ? readRange(log, query) : readDestination(log, query.to, query);
}

/** The message ids of rows `from` (included) to `to` (not included). */
export async function readIds(log: MessageLog, from: number, to: number): Promise<string[]> {
  const start = log.offsetOf(from);
  const offsets = Array.from({ length: to - from }, (_, i) => log.offsetOf(from + i) - start);
  const bytes = await readBytes(log, start, log.offsetOf(to));
  return offsets.map((offset, i) => {
    const begin = offset + linePrefix(from + i + 1).length;
    return bytes.toString('latin1', begin, bytes.indexOf(QUOTE, begin));
  });
}

/** At most `to`, sooner if the lines from `from` on would exceed `maxBytes`; never less than one line. */
export function endWithin(log: MessageLog, from: number, to: number, maxBytes: number): number {
  let end = to;
  while (end > from + 1 && log.offsetOf(end) - log.offsetOf(from) > maxBytes) end = from + Math.floor((end - from) / 2);
  return end;
}

async function readRange(log: MessageLog, { after, limit }: PageQuery): Promise<Page> {
  const from = Math.min(after, log.size);
  const start = log.offsetOf(from);
  const to = endWithin(log, from, Math.min(from + limit, log.size), MAX_PAGE_BYTES);
  const ends = Array.from({ length: to - from }, (_, i) => log.offsetOf(from + i + 1) - start);
  const next = to < log.size ? to : undefined;
  const bytes = await readBytes(log, start, log.offsetOf(to));
  for (const end of ends) bytes[end - 1] = COMMA;
  return { messages: bytes.subarray(0, Math.max(0, bytes.length - 1)), next };
}

async function readDestination(log: MessageLog, destination: string, { after, limit }: PageQuery): Promise<Page> {
  const found: Buffer[] = [];
  let bytesFound = 0;
  let last = after;
  for (const row of log.rowsTo(destination, after)) {
    const line = await readBytes(log, log.offsetOf(row), log.offsetOf(row + 1));
    if (parseLine(line.toString('utf8'))?.to !== destination) continue;
    if (found.length === limit || bytesFound > MAX_PAGE_BYTES) return { messages: joined(found), next: last };
    line[line.length - 1] = COMMA;
    found.push(line);
    bytesFound += line.length;
    last = row + 1;
  }
  return { messages: joined(found), next: undefined };
}

function joined(lines: readonly Buffer[]): Buffer {
  const bytes = Buffer.concat(lines);
  return bytes.subarray(0, Math.max(0, bytes.length - 1));
}

async function readBytes(log: MessageLog, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await readAt(log.fd, bytes, filled, bytes.length - filled, from + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
