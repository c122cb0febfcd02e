// Destinations as a viewer sees them: enough to recognise one you know, too little to write to somebody.

const SHOWN_DIGITS_BEFORE = 3;
const SHOWN_DIGITS_AFTER = 2;

/** `385911234567` becomes `385*******67`, `ann@example.com` `a**@example.com`. A domain is no person and stays. */
export function maskDestination(value: string): string {
  const at = value.lastIndexOf('@');
  if (at > 0) return `${value.slice(0, 1)}${'*'.repeat(at - 1)}${value.slice(at)}`;
  if (!/^\d+$/.test(value)) return value;
  // A short number shows less, never more than half of itself.
  const shown = Math.min(SHOWN_DIGITS_BEFORE + SHOWN_DIGITS_AFTER, Math.floor(value.length / 2));
  const after = Math.min(SHOWN_DIGITS_AFTER, Math.floor(shown / 2));
  const before = shown - after;
  return `${value.slice(0, before)}${'*'.repeat(value.length - shown)}${value.slice(value.length - after)}`;
}
