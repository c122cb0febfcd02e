// What the person wrote himself: without quoted messages, signatures, and the texts that phones and mail programs write
// for him. Looks at lines and quotation marks only, each once.
import { AUTOMATIC, PHONE_SIGNATURES, QUOTE_HEADERS, REACTIONS } from './languages/written-by-phones.js';

export interface Written {
  readonly text: string;
  /** Set if a phone or program wrote all of it. */
  readonly by?: 'reaction' | 'automatic';
}

/** No line that decides anything, and no header of a quote, is longer than this. */
const LONGEST_HEADER = 200;
/** What is read of a reply at most, quotes left out: hundreds of words in any script. */
const LONGEST_TEXT = 4_000;
const OPENING = '“„«‟"「『《‹';
const CLOSING: Readonly<Record<string, string>> = {
  '“': '”“"', '„': '“”"‟', '«': '»', '‟': '”"', '"': '"”', '「': '」', '『': '』', '《': '》', '‹': '›',
}; // prettier-ignore

/** Beginnings by their first two characters. */
type Beginnings = ReadonlyMap<string, readonly string[]>;
const byStart = (all: readonly string[]): Beginnings =>
  all.reduce(
    (map, one) => map.set(one.slice(0, 2), [...(map.get(one.slice(0, 2)) ?? []), one]),
    new Map<string, string[]>(),
  );
const AUTOMATIC_BY_START = byStart(AUTOMATIC);
const REACTIONS_BY_START = byStart(REACTIONS);
const SIGNATURES_BY_START = byStart(PHONE_SIGNATURES);
const startsWithOne = (beginnings: Beginnings, text: string): boolean =>
  beginnings.get(text.slice(0, 2))?.some((begin) => text.startsWith(begin)) ?? false;

export function strip(text: string): Written {
  const own = ownLines(text);
  const folded = plain(own.slice(0, LONGEST_HEADER));
  const begin = folded.replace(/^[([*"]+/, '');
  if (startsWithOne(AUTOMATIC_BY_START, begin)) {
    return { text: '', by: 'automatic' };
  }
  const reaction = reactionTo(own, folded);
  if (reaction !== undefined) return { text: reaction, by: 'reaction' };
  return { text: withoutLongQuotes(own) };
}

/** Lines that are no quote, up to the signature or to the header of a quoted message. */
function ownLines(text: string): string {
  const kept: string[] = [];
  let length = 0;
  for (let from = 0; from <= text.length && length < LONGEST_TEXT;) {
    const found = text.indexOf('\n', from);
    const end = found < 0 ? text.length : found;
    const head = text.slice(from, Math.min(end, from + LONGEST_HEADER)).trim();
    const line = plain(head);
    const isQuoted = line.startsWith('>') || line.startsWith('|>');
    if (isSignature(head, line)) break;
    if (isQuoteHeader(line)) {
      // Mail programs that quote below mark every quoted line; the others quote all that follows.
      const next = text.slice(end + 1, end + 4).trimStart();
      if (!next.startsWith('>')) break;
    } else if (!isQuoted) {
      const own = text.slice(from, Math.min(end, from + LONGEST_TEXT - length));
      kept.push(own);
      length += own.length + 1;
    }
    from = end + 1;
  }
  return kept.join('\n').trim();
}

function isSignature(line: string, folded: string): boolean {
  if (line === '--' || line === '__' || /^[-_=*]{5,}$/.test(line)) return true;
  return startsWithOne(SIGNATURES_BY_START, folded) || /^<?(?:get|download) outlook /.test(folded);
}

function isQuoteHeader(line: string): boolean {
  if (/^-{2,} ?[^-]{1,60}-{2,}$/.test(line)) return true;
  if (!line.includes(':') && !line.includes('：')) return false;
  return QUOTE_HEADERS.some(({ begins, ends }) => line.startsWith(begins) && line.endsWith(ends) && line.length > 4);
}

/** What is left of a reaction without the message reacted to: undefined if the text is none. */
function reactionTo(text: string, folded: string): string | undefined {
  const opens = indexOfAny(text, OPENING, 0);
  if (opens < 0) return undefined;
  const before = plain(text.slice(0, opens));
  // Phones without the feature get "👍 to “…”", "❤️ “…”".
  const isSign = !/[\p{L}]/u.test(
    before.replace(/^ ?\S{1,12} (?:to|a|an|zu|till|til|auf|a|su|op|na|do|на|от|στο|に)\b/u, ''),
  );
  const isReaction =
    (before !== '' && isSign && /\p{Extended_Pictographic}/u.test(before)) || startsWithOne(REACTIONS_BY_START, folded);
  if (!isReaction) return undefined;
  const closes = lastOf(text, CLOSING[text[opens] as string] ?? '');
  return closes > opens ? text.slice(closes + 1).trim() : '';
}

/** Somebody else's words between quotation marks do not count; one word in them may be emphasis. */
function withoutLongQuotes(text: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const opens = indexOfAny(text, OPENING, from);
    if (opens < 0) return kept + text.slice(from);
    const closes = indexOfAny(text, CLOSING[text[opens] as string] ?? '', opens + 1);
    if (closes < 0) return kept + text.slice(from);
    const quoted = text.slice(opens + 1, closes).trim();
    const isLong = (quoted.includes(' ') || quoted.length > 12) && (opens > 0 || closes < text.length - 1);
    kept += text.slice(from, isLong ? opens : closes + 1) + (isLong ? ' ' : '');
    from = closes + 1;
  }
}

/** Lower case, one space between words, without the marks that cannot be seen. */
function plain(line: string): string {
  if (PLAIN.test(line)) return line.toLowerCase();
  return line
    .normalize('NFC')
    .toLowerCase()
    .replace(/[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .replace(/[\s\u00a0\u202f]+/gu, ' ')
    .trim();
}

/** Nothing to fold but case. */
const PLAIN = /^(?:[!-~]| (?! ))*$/;

function indexOfAny(text: string, chars: string, from: number): number {
  for (let at = from; at < text.length; at += 1) if (chars.includes(text[at] as string)) return at;
  return -1;
}

function lastOf(text: string, chars: string): number {
  for (let at = text.length - 1; at >= 0; at -= 1) if (chars.includes(text[at] as string)) return at;
  return -1;
}
