// Finds log rows by a 32-bit hash without keeping the strings: about 25 bytes a row instead of some hundred for a Map.
// Rows of equal hash form a chain, newest first; whoever walks one must compare the real value in the log.

const SEGMENT_BITS = 8;
const FIRST_SLOTS = 256;
/** Open addressing slows down quickly when fuller than this. */
const MOST_FILLED = 0.7;

interface Segment {
  used: number;
  hashes: Uint32Array;
  /** Row + 1, so that 0 means an empty slot. */
  rows: Uint32Array;
}

export class HashChains {
  // 256 small tables grow at different moments, each within a fraction of a millisecond; one big table would stop
  // the clock's process for some 100 ms at a million rows.
  readonly #segments: (Segment | undefined)[] = [];
  #previous = new Uint32Array(1 << 14);

  /** The newest row pushed under `hash`, or -1. */
  newest(hash: number): number {
    const segment = this.#segments[hash >>> (32 - SEGMENT_BITS)];
    return segment === undefined ? -1 : (segment.rows[slotOf(segment, hash)] ?? 0) - 1;
  }

  /** The next older row of the same hash, or -1. */
  older(row: number): number {
    return (this.#previous[row] ?? 0) - 1;
  }

  /** Rows must be pushed in ascending order, each once. */
  push(hash: number, row: number): void {
    const index = hash >>> (32 - SEGMENT_BITS);
    let segment = (this.#segments[index] ??= emptySegment(FIRST_SLOTS));
    if (segment.used >= segment.rows.length * MOST_FILLED) this.#segments[index] = segment = grown(segment);
    const slot = slotOf(segment, hash);
    const newest = segment.rows[slot] ?? 0;
    if (newest === 0) segment.used++;
    segment.hashes[slot] = hash;
    segment.rows[slot] = row + 1;
    if (row >= this.#previous.length) this.#previous = lengthened(this.#previous);
    this.#previous[row] = newest;
  }
}

/** FNV-1a with a final mix, because segments use the top bits and slots the low ones. */
export function hashText(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The slot that holds `hash`, or the empty one where it belongs. */
function slotOf(segment: Segment, hash: number): number {
  const mask = segment.rows.length - 1;
  let slot = hash & mask;
  while (segment.rows[slot] !== 0 && segment.hashes[slot] !== hash) slot = (slot + 1) & mask;
  return slot;
}

function emptySegment(slots: number): Segment {
  return { used: 0, hashes: new Uint32Array(slots), rows: new Uint32Array(slots) };
}

function grown(old: Segment): Segment {
  const segment = emptySegment(old.rows.length * 2);
  segment.used = old.used;
  old.rows.forEach((row, i) => {
    if (row === 0) return;
    const hash = old.hashes[i] ?? 0;
    const slot = slotOf(segment, hash);
    segment.hashes[slot] = hash;
    segment.rows[slot] = row;
  });
  return segment;
}

function lengthened(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(column.length * 2);
  longer.set(column);
  return longer;
}
