// Rows of a CSV as the world writes them: comma, semicolon or tab, quoted or not. A row that cannot be read is reported
// with its line and the next line is read as if nothing had been: a quote that is never closed must not swallow a file.
import { parse } from 'csv-parse/sync';
import type { FileLine } from './file-lines.js';

export type CsvRow =
  { readonly line: number; readonly cells: readonly string[] } | { readonly line: number; readonly problem: string };

/** A quoted field may hold line ends; so many lines of one row are believed. */
const MOST_LINES_A_ROW = 20;

export async function* csvRows(lines: AsyncIterable<FileLine>): AsyncGenerator<CsvRow> {
  let delimiter: string | undefined;
  // Lines of a row whose quote has not been closed yet.
  let open: FileLine[] = [];
  for await (const next of lines) {
    if (open.length === 0 && next.text.trim() === '') continue;
    delimiter ??= delimiterOf(next.text);
    open.push(next);
    open = yield* settle(open, delimiter, false);
  }
  while (open.length > 0) open = yield* settle(open, delimiter ?? ',', true);
}

/** Yield what can be decided of the lines at hand; returns those that need more lines. */
function* settle(open: readonly FileLine[], delimiter: string, isEnd: boolean): Generator<CsvRow, FileLine[]> {
  const [first, ...others] = open as [FileLine, ...FileLine[]];
  const read = open.some((line) => line.isTooLong)
    ? { problem: 'the line is too long' }
    : readCells(open.map((line) => line.text).join('\n'), delimiter);
  if ('cells' in read) {
    if (read.cells.some((cell) => cell.trim() !== '')) yield { line: first.line, cells: read.cells };
    return [];
  }
  if (read.problem === OPEN_QUOTE && !isEnd && open.length < MOST_LINES_A_ROW) return [...open];
  yield { line: first.line, problem: read.problem };
  return yield* again(others, delimiter, isEnd);
}

/** The lines behind a row that could not be read, each on its own. */
function* again(lines: readonly FileLine[], delimiter: string, isEnd: boolean): Generator<CsvRow, FileLine[]> {
  let open: FileLine[] = [];
  for (const line of lines) {
    if (open.length === 0 && line.text.trim() === '') continue;
    open = yield* settle([...open, line], delimiter, false);
  }
  return open.length > 0 && isEnd ? yield* settle(open, delimiter, true) : open;
}

const OPEN_QUOTE = 'a quote is opened and never closed';

function readCells(
  text: string,
  delimiter: string,
): { readonly cells: readonly string[] } | { readonly problem: string } {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  // Most rows have no quotes, and splitting is ten times as fast as parsing.
  if (!plain.includes('"')) return { cells: plain.split(delimiter).map(unguard) };
  try {
    const rows = parse(plain, { delimiter, relax_column_count: true, trim: true }) as string[][];
    return { cells: (rows[0] ?? []).map(unguard) };
  } catch (error) {
    const { code } = error as { readonly code?: string };
    return { problem: code === 'CSV_QUOTE_NOT_CLOSED' ? OPEN_QUOTE : 'the quotes of the row do not fit' };
  }
}

/** Take off the apostrophe that an export puts before what a spreadsheet would take for a formula. */
const unguard = (cell: string): string => (/^'[=+\-@]/.test(cell) ? cell.slice(1) : cell);

function delimiterOf(header: string): string {
  const counts = [',', ';', '\t'].map((delimiter) => ({ delimiter, n: header.split(delimiter).length }));
  return counts.reduce((best, one) => (one.n > best.n ? one : best)).delimiter;
}
