// Reads the log of an earlier process. A last line torn by a crash is cut off: its answer was never given. Damage anywhere
// else stops the start, because a judge must not go on from a record it cannot read.
import { fstatSync, ftruncateSync, readSync } from 'node:fs';
import { BlocklistError } from '../../domain/errors.js';
import { parseLine, type LoggedMessage } from './log-line.js';

const CHUNK_BYTES = 1 << 20;
const NEWLINE = 10;

export interface Recovered {
  /** Bytes of the log after recovery. */
  readonly bytes: number;
  /** Bytes of a torn last line that were cut off. */
  readonly tornBytes: number;
}

/** Calls `onLine` for each message in order with the offset of its line. */
export function recoverLog(fd: number, onLine: (message: LoggedMessage, offset: number) => void): Recovered {
  const size = fstatSync(fd).size;
  let offset = 0;
  let expectedSeq = 1;
  for (const line of readLines(fd)) {
    const message = parseLine(line.toString('utf8'));
    const isLast = offset + line.length + 1 >= size;
    if (message === undefined && isLast) break;
    if (message?.seq !== expectedSeq) {
      throw new BlocklistError('CONFIGURATION', `The sandbox log is damaged at line ${expectedSeq}; move it away.`);
    }
    onLine(message, offset);
    offset += line.length + 1;
    expectedSeq++;
  }
  if (offset < size) ftruncateSync(fd, offset);
  return { bytes: offset, tornBytes: size - offset };
}

/** Complete lines without their newline; a rest without one is left out. */
function* readLines(fd: number): Generator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; ;) {
    const read = readSync(fd, chunk, 0, CHUNK_BYTES, position);
    if (read === 0) return;
    position += read;
    const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.subarray(start, end);
      start = end + 1;
    }
    rest = bytes.subarray(start);
  }
}
