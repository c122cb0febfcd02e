// The sandbox's record of every accepted message: JSON lines on disk, appended before the answer is given, so it outlives a
// SIGKILL of the process. Memory holds offsets and hashes only, some 60 bytes a message, whatever the texts.
import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { BlocklistError } from '../../domain/errors.js';
import type { OutboundMessage } from '../provider.js';
import { formatMicroseconds, parseMicroseconds } from './clock.js';
import { HashChains, hashText } from './hash-chains.js';
import { formatLine, linePrefix } from './log-line.js';
import { recoverLog } from './log-recovery.js';

export class MessageLog {
  /** Bytes of a torn last line found at the start; 0 after a clean end. */
  readonly tornBytes: number;
  /** The latest `acceptedAt` found at the start, in microseconds. */
  readonly lastAcceptedAt: number;
  readonly #fd: number;
  readonly #ids = new HashChains();
  readonly #destinations = new HashChains();
  #offsets = new Float64Array(1 << 14);
  #rows = 0;
  #bytes: number;

  private constructor(fd: number) {
    this.#fd = fd;
    let latest = '';
    const recovered = recoverLog(fd, (message, offset) => {
      if (message.acceptedAt > latest) latest = message.acceptedAt;
      this.#index(message.messageId, message.to, offset);
    });
    this.#bytes = recovered.bytes;
    this.tornBytes = recovered.tornBytes;
    this.lastAcceptedAt = latest === '' ? 0 : parseMicroseconds(latest);
  }

  /** Opens or creates the log and reads back what is in it. Only its owner may read it: it holds destinations and texts. */
  static open(path: string): MessageLog {
    mkdirSync(dirname(path), { recursive: true });
    const fd = openSync(path, 'a+', 0o600);
    try {
      return new MessageLog(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Messages accepted so far; also the `seq` of the last one. */
  get size(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Where the line of a row (seq - 1) begins; the end of the log for the row after the last. */
  offsetOf(row: number): number {
    return row < this.#rows ? (this.#offsets[row] ?? 0) : this.#bytes;
  }

  /** Was a message of this id accepted before, by this process or an earlier one? Exact: equal hashes are compared on disk. */
  has(messageId: string): boolean {
    for (let row = this.#ids.newest(hashText(messageId)); row >= 0; row = this.#ids.older(row)) {
      if (this.#rowHasId(row, messageId)) return true;
    }
    return false;
  }

  /** Rows, oldest first from `fromRow` on, that may be to this destination: those of an equal hash are among them. */
  rowsTo(destination: string, fromRow: number): number[] {
    const rows: number[] = [];
    for (
      let row = this.#destinations.newest(hashText(destination));
      row >= fromRow;
      row = this.#destinations.older(row)
    ) {
      rows.push(row);
    }
    return rows.reverse();
  }

  /** Writes all messages or none. The caller has made sure that no id is known. Returns when the system holds the bytes. */
  append(messages: readonly OutboundMessage[], acceptedAt: number): void {
    if (messages.length === 0) return;
    // A second process on the same file would repeat sequence numbers; better to stop than to be a false judge.
    if (fstatSync(this.#fd).size !== this.#bytes) {
      throw new BlocklistError('CONFLICT', 'Another process writes to the log of this sandbox.');
    }
    const at = formatMicroseconds(acceptedAt);
    const lines = messages.map((message, i) => ({ message, line: formatLine(this.#rows + 1 + i, message, at) }));
    this.#write(Buffer.from(lines.map(({ line }) => line).join(''), 'utf8'));
    for (const { message, line } of lines) {
      this.#index(message.permitId, message.to, this.#bytes);
      this.#bytes += Buffer.byteLength(line, 'utf8');
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(bytes: Buffer): void {
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(this.#fd, bytes, written);
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
  }

  #index(messageId: string, destination: string, offset: number): void {
    const row = this.#rows++;
    if (row >= this.#offsets.length) {
      const longer = new Float64Array(this.#offsets.length * 2);
      longer.set(this.#offsets);
      this.#offsets = longer;
    }
    this.#offsets[row] = offset;
    this.#ids.push(hashText(messageId), row);
    this.#destinations.push(hashText(destination), row);
  }

  #rowHasId(row: number, messageId: string): boolean {
    const wanted = Buffer.from(`${messageId}"`, 'latin1');
    const found = Buffer.alloc(wanted.length);
    readSync(this.#fd, found, 0, found.length, this.offsetOf(row) + linePrefix(row + 1).length);
    return found.equals(wanted);
  }
}
