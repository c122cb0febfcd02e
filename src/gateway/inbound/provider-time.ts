// Times as providers write them. A reply must never be lost to a clock, so what cannot be read counts from its arrival.

const OFFSET_WITHOUT_COLON = /([+-]\d{2})(\d{2})$/;

/**
 * `2026-03-09T16:00:00.000+0000` (the product), ISO 8601 with any fraction, or nothing. A time ahead of ours becomes ours: a
 * fast clock at the provider must not make a later opt-in look older than the opt-out it answers.
 */
export function providerTime(text: unknown, arrivedAt: Date): Date {
  const read = readTime(text);
  return read === undefined || read > arrivedAt ? arrivedAt : read;
}

export function readTime(text: unknown): Date | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}T/.test(text)) return undefined;
  const at = new Date(text.replace(OFFSET_WITHOUT_COLON, '$1:$2'));
  // Before this there were no text messages; such a time is a default that somebody forgot to set.
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 1992 ? undefined : at;
}
