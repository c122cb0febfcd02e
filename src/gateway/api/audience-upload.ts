// Audiences of any size: destinations read from an upload line by line, never held as a whole.
import { pipeline, type Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { CsvError, parse, type Info } from 'csv-parse';
import { InvalidInputError } from '../../domain/errors.js';
import type { AudienceLine } from '../../storage/broadcasts.js';

export const CSV_TYPES: readonly string[] = ['text/csv', 'application/csv'];
export const JSON_LINES_TYPES: readonly string[] = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** Names a column of destinations goes by; without any of them the first column is taken. */
const COLUMNS = ['destination', 'to', 'phone', 'msisdn', 'number', 'mobile', 'email', 'e-mail', 'address'];
/** Room for a first line that holds a long text; what is longer is refused before it fills the memory. */
const LONGEST_LINE = 4 << 20;

export interface TextLine {
  readonly line: number;
  readonly text: string;
}

/** Destinations of a CSV with or without a header line; quotes, blank lines and a byte order mark are understood. */
export async function* readCsv(upload: Readable): AsyncGenerator<AudienceLine> {
  let column: number | undefined;
  for await (const { line, cells } of readRecords(upload)) {
    if (column === undefined) {
      const names = cells.map((name) => name.trim().toLowerCase());
      const named = COLUMNS.map((name) => names.indexOf(name)).find((index) => index >= 0);
      column = named ?? 0;
      if (named !== undefined || isHeader(cells)) continue;
    }
    yield { line, destination: cells[column] ?? '' };
  }
}

/** The records of a CSV, header included. */
export async function* readRecords(
  upload: Readable,
): AsyncGenerator<{ readonly line: number; readonly cells: readonly string[] }> {
  const records = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_LINE,
  });
  // The reader below hears of every failure; either end that breaks off ends the other.
  pipeline(upload, records, () => undefined);
  try {
    for await (const { record, info } of records as AsyncIterable<{ record: readonly string[]; info: Info }>) {
      yield { line: info.lines, cells: record };
    }
  } catch (error) {
    throw asUploadError(error);
  }
}

/** The lines of an upload, without those that are blank. */
export async function* readLines(upload: Readable): AsyncGenerator<TextLine> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let line = 0;
  try {
    for await (const chunk of upload as AsyncIterable<Buffer>) {
      const texts = (rest + decoder.write(chunk)).split('\n');
      rest = texts.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw new InvalidInputError([LINE_TOO_LONG]);
      for (const text of texts) {
        line += 1;
        if (text.trim() !== '') yield { line, text };
      }
    }
  } catch (error) {
    throw asUploadError(error);
  }
  rest += decoder.end();
  if (rest.trim() !== '') yield { line: line + 1, text: rest };
}

/** Of each line of JSON: a text, a number, or an object whose `destination` (or `to`) is one. */
export async function* readJsonLines(lines: AsyncIterable<TextLine>): AsyncGenerator<AudienceLine> {
  for await (const { line, text } of lines) yield { line, destination: destinationIn(text) };
}

/** What is no destination is passed on as it stands: it becomes a counted reject with its line. */
function destinationIn(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const named = typeof value === 'object' && value !== null ? destinationOf(value) : value;
    return typeof named === 'string' || typeof named === 'number' ? String(named) : text;
  } catch {
    return text;
  }
}

function destinationOf(value: object): unknown {
  if ('destination' in value) return value.destination;
  return 'to' in value ? value.to : undefined;
}

/** A first line of words, without any digit or address, is a header in somebody's own language. */
function isHeader(record: readonly string[]): boolean {
  return record.every((field) => !/[\p{Nd}@]/u.test(field)) && record.some((field) => field.trim() !== '');
}

const NOTHING_USED = 'nothing of the upload is used';
const LINE_TOO_LONG = { path: 'body', message: `a line is longer than ${LONGEST_LINE} bytes; ${NOTHING_USED}` };
const ENDED_EARLY = { path: 'body', message: `the upload ended before it was complete; ${NOTHING_USED}` };
const BROKEN_STREAM = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ECONNRESET', 'ABORT_ERR']);

function asUploadError(error: unknown): unknown {
  if (error instanceof CsvError) {
    const { lines, code } = error as { readonly lines?: unknown; readonly code: string };
    const where = typeof lines === 'number' ? `line ${lines}: ` : '';
    return new InvalidInputError([{ path: 'body', message: `${where}not readable as CSV (${code}); ${NOTHING_USED}` }]);
  }
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && BROKEN_STREAM.has(code) ? new InvalidInputError([ENDED_EARLY]) : error;
}
