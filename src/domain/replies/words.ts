// The first words of a text, as a person reads them: without the punctuation, emoji and invisible marks around them.
// Linear in the text; broken surrogates, right-to-left marks and a hundred kilobytes of anything are fine.
import { caseFold } from '../unicode.js';

export interface Word {
  /** In upper case, composed, full width as plain. */
  readonly upper: string;
  /** Case-folded, inner hyphens and apostrophes removed: what words are compared by. */
  readonly joined: string;
  /** The part of `joined` before the first hyphen. */
  readonly head: string;
  /** Where the word ends in the text as it was given. */
  readonly end: number;
}

/** No keyword is longer. A longer word is cut: composing endless combining marks takes quadratic time. */
const LONGEST_WORD = 64;

const LETTER = /^[\p{L}\p{N}]/u;
const MARK = /^[\p{M}_]/u;
/** Written but not seen: joiners, direction marks, variation selectors; and the cap that makes an emoji of a digit. */
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{Cf}\u20e3]/u;
/** Hold a word together when letters stand on both sides. Dashes longer than a hyphen separate. */
const JOINER = /^['’ʼ\-\u2010]/u;
const JOINERS = /['’ʼ\-\u2010]/gu;

/** The first `limit` words of `text`. */
export function firstWords(text: string, limit: number): Word[] {
  const words: Word[] = [];
  let spelled = '';
  let joiner = '';
  let end = 0;
  const finish = (): void => {
    if (spelled !== '') words.push(toWord(spelled, end));
    spelled = '';
    joiner = '';
  };
  for (let at = 0; at < text.length && words.length < limit;) {
    const original = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const char = original < '\u0080' ? original : original.normalize('NFKC');
    at += original.length;
    if (INVISIBLE.test(char)) continue;
    if (LETTER.test(char) || (spelled !== '' && joiner === '' && MARK.test(char))) {
      if (spelled.length < LONGEST_WORD) spelled += joiner + char;
      joiner = '';
      end = at;
    } else if (spelled !== '' && joiner === '' && JOINER.test(char)) {
      joiner = char;
    } else {
      finish();
    }
  }
  if (words.length < limit) finish();
  return words;
}

function toWord(spelled: string, end: number): Word {
  const text = spelled.normalize('NFKC');
  // Turkish keyboards write QUİT and quıt.
  const plain = caseFold(text.replaceAll('İ', 'I').replaceAll('ı', 'i'));
  const joined = plain.replace(JOINERS, '');
  const head = plain.split(/[-\u2010]/u, 1)[0]?.replace(JOINERS, '') ?? '';
  return { upper: text.toUpperCase().replaceAll('’', "'"), joined, head, end };
}
