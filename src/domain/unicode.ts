// Spellings that mean the same: case, digits of other scripts, invisible marks. Knows no locale; safe in workflows.

/** Spaces of any script, and the marks that phones and mail programs copy along invisibly. */
export const BLANK = /[\p{Z}\s\p{Default_Ignorable_Code_Point}\p{Cf}]+/gu;

const ASCII = /^\p{ASCII}*$/u;

/**
 * The text with its case folded and composed (NFC): equal for any two texts that differ in case only.
 *
 * Upper and then lower case reaches the full folding of Unicode (`ß`, `ẞ` and `SS` are one), which lower case alone
 * does not. Two letters need help: a final sigma is written by its position, and dotless i is a letter of its own.
 */
export function caseFold(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return text.normalize('NFC').split('ı').map(foldPart).join('ı').normalize('NFC');
}

function foldPart(part: string): string {
  return part.toLowerCase().toUpperCase().normalize('NFC').toLowerCase().replaceAll('ς', 'σ');
}

/** Digits of every script as ASCII digits; everything else as it is. */
export function foldDigits(text: string): string {
  return ASCII.test(text) ? text : text.replace(/\p{Nd}/gu, (digit) => String(digitValue(digit.codePointAt(0) ?? 0)));
}

/** Unicode keeps decimal digits in runs of ten from 0 to 9, so the distance from the run's start gives the value. */
function digitValue(codePoint: number): number {
  let start = codePoint;
  while (start > 0x30 && /\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  return (codePoint - start) % 10;
}
