// The lines of a file of any size, with their numbers; one that never ends does not fill the memory.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { TextDecoder } from 'node:util';
import { InvalidInputError } from '../domain/errors.js';

export interface FileLine {
  readonly line: number;
  readonly text: string;
  /** True: longer than any line may be, and cut. */
  readonly isTooLong: boolean;
}

export interface InputFile {
  /** 0 for standard input, whose length nobody knows. */
  readonly bytes: number;
  /** Once for standard input, any number of times otherwise. `onRead` hears how many bytes have been read so far. */
  lines(onRead?: (bytes: number) => void): AsyncGenerator<FileLine>;
}

export const LONGEST_LINE = 65_536;

/** `-` is standard input. @throws InvalidInputError if the file cannot be read. */
export async function inputFile(path: string): Promise<InputFile> {
  if (path === '-') return { bytes: 0, lines: (onRead) => linesOf(process.stdin, onRead) };
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => unreadable(error.code ?? 'unknown'));
  if (found.isDirectory()) unreadable('EISDIR');
  return { bytes: found.size, lines: (onRead) => linesOf(createReadStream(path), onRead) };
}

async function* linesOf(
  chunks: AsyncIterable<Buffer | string>,
  onRead?: (bytes: number) => void,
): AsyncGenerator<FileLine> {
  let decoder: TextDecoder | undefined;
  let rest = '';
  let isTooLong = false;
  let line = 0;
  let read = 0;
  try {
    for await (const chunk of chunks) {
      const bytes = Buffer.from(chunk);
      decoder ??= new TextDecoder(encodingOf(bytes));
      const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = parts.pop() ?? '';
      for (const text of parts) {
        line += 1;
        yield cut(line, text, isTooLong);
        isTooLong = false;
      }
      if (rest.length > LONGEST_LINE) {
        isTooLong = true;
        rest = rest.slice(0, LONGEST_LINE);
      }
      onRead?.((read += bytes.length));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    unreadable(code);
  }
  rest += decoder?.decode() ?? '';
  if (rest !== '') yield cut(line + 1, rest, isTooLong);
}

function cut(line: number, text: string, isCut: boolean): FileLine {
  const isTooLong = isCut || text.length > LONGEST_LINE;
  return { line, text: (isTooLong ? text.slice(0, LONGEST_LINE) : text).replace(/\r$/, ''), isTooLong };
}

/** Spreadsheets save "Unicode text" as UTF-16, marked by its first bytes; everything else is read as UTF-8. */
function encodingOf(start: Buffer): 'utf-16le' | 'utf-8' {
  return start[0] === 0xff && start[1] === 0xfe ? 'utf-16le' : 'utf-8';
}

function unreadable(code: string): never {
  throw new InvalidInputError([{ path: 'file', message: `cannot be read (${code})` }]);
}
