// The sandbox's one clock: microseconds since 1970, anchored once to wall time and then counted by the monotonic clock, so
// that a step of the wall clock can never reorder a hand-over and an acknowledgement.

export interface SandboxClock {
  /** Microseconds since 1970. Two calls never give the same value, so equal times cannot hide an order. */
  now(): number;
}

/** A clock that never shows a time before `notBefore`, the latest time in a log written by an earlier process. */
export function createClock(notBefore = 0): SandboxClock {
  // Date.now() has milliseconds only; waiting for it to tick (at most 1 ms) anchors the clock to about a microsecond.
  const before = Date.now();
  let wallMs = before;
  while (wallMs === before) wallMs = Date.now();
  const startedAt = process.hrtime.bigint();
  const anchor = Math.max(wallMs * 1_000, notBefore + 1);
  let last = 0;
  return {
    now() {
      const elapsed = Number((process.hrtime.bigint() - startedAt) / 1_000n);
      last = Math.max(last + 1, anchor + elapsed);
      return last;
    },
  };
}

/** `2027-03-01T08:00:00.123456Z`: sorts as text in the order of time. */
export function formatMicroseconds(at: number): string {
  const ms = Math.floor(at / 1_000);
  const rest = at - ms * 1_000;
  return `${new Date(ms).toISOString().slice(0, -1)}${String(rest).padStart(3, '0')}Z`;
}

/** The inverse of `formatMicroseconds`. */
export function parseMicroseconds(iso: string): number {
  return Date.parse(`${iso.slice(0, 23)}Z`) * 1_000 + Number(iso.slice(23, 26));
}
