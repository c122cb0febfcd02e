// A text as the recogniser compares it: words in one spelling whatever the case, width, accents and invisible marks;
// scripts written without spaces as single characters. Linear in the text.

export interface Token {
  /** As compared: see {@link foldWord}. */
  text: string;
  /** As written, full width as plain. */
  readonly raw: string;
  /** Which part of a sentence it stands in: punctuation and line ends part clauses. */
  readonly clause: number;
  /** A character of a script that writes no spaces (or, as Korean, is not strict about them). */
  readonly glued: boolean;
  /** The spelling was corrected by a guess. */
  respelled?: true;
}

export interface Tokens {
  readonly tokens: Token[];
  /** Somebody who laughs rarely opts out. */
  readonly laughs: boolean;
  /** Signs that mean stop: 🛑, ⛔. */
  readonly stopSigns: number;
  /** True if the text went on after the last token that was read. */
  readonly isCut: boolean;
}

/** Nobody needs more words to say it; what stands after is not read. */
export const MOST_TOKENS = 400;
/** No word that decides anything is longer. */
const LONGEST_WORD = 40;

const KIND = { unknown: 0, letter: 1, mark: 2, invisible: 3, space: 4, pause: 5, apostrophe: 6, glued: 7 } as const;
type Kind = (typeof KIND)[keyof typeof KIND];

const LETTER = /^[\p{L}\p{N}]$/u;
const MARK = /^\p{M}$/u;
/** Also the asterisks in a curse, and the cap that makes an emoji of a digit. */
const INVISIBLE = /^[\p{Default_Ignorable_Code_Point}\p{Cf}\u20e3*]$/u;
const GLUED =
  /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]$/u;
const PAUSE = /^[.,;:!?()[\]{}\n\r\u2028\u2029…–—|¿¡،؛؟。、，！？；：।॥።፣]$/u;
const LAUGHTER = /[\u{1F602}\u{1F923}\u{1F639}\u{1F606}\u{1F605}]/u;
const STOP_SIGN = /[\u{1F6D1}\u26D4\u{1F6AB}\u{1F515}\u{1F4F5}]/gu;
const MARKS = /([\p{M}]{4})\p{M}+/gu;
const ASCII = /^\p{ASCII}*$/u;
/** Letters in boxes and circles and the letters of flags, as signs people spell words with. */
const BOXED = /[\u{1F150}-\u{1F169}\u{1F170}-\u{1F189}]/gu;
const FLAGS = /[\u{1F1E6}-\u{1F1FF}]{3,}/gu;

/** Accents of European scripts, vowel points of Hebrew and Arabic, and the stroke that stretches Arabic words. */
// oxlint-disable-next-line no-misleading-character-class -- these marks are meant one by one
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]/gu;

/** What kind each character of the basic plane is, found out once. */
const KINDS = new Uint8Array(0x10000);

export function tokenise(text: string): Tokens {
  const isAscii = ASCII.test(text);
  const plain = isAscii ? text : composed(text);
  const tokens: Token[] = [];
  let clause = 0;
  let spelled = '';
  let at = 0;
  const finish = (): void => {
    if (spelled === '') return;
    tokens.push({ text: foldWord(spelled), raw: spelled, clause, glued: false });
    spelled = '';
  };
  for (; at < plain.length && tokens.length < MOST_TOKENS; at += 1) {
    const code = plain.charCodeAt(at);
    let char = plain[at] as string;
    let kind = KINDS[code] as Kind;
    if (kind === KIND.unknown) kind = KINDS[code] = kindOf(char);
    if (code >= 0xd800 && code < 0xdc00 && at + 1 < plain.length) {
      char = String.fromCodePoint(plain.codePointAt(at) ?? code);
      if (char.length === 2) {
        kind = kindOf(char);
        at += 1;
      }
    }
    switch (kind) {
      case KIND.letter:
        if (spelled.length < LONGEST_WORD) spelled += char;
        break;
      case KIND.mark: {
        const last = tokens.at(-1);
        if (spelled !== '') spelled += spelled.length < LONGEST_WORD ? char : '';
        else if (last?.glued === true && last.text.length < 6) last.text += char;
        break;
      }
      case KIND.glued:
        finish();
        tokens.push({ text: char, raw: char, clause, glued: true });
        break;
      case KIND.invisible:
        break;
      case KIND.apostrophe:
        // "don't" is one word, "l'envoi" and "m'écrire" are two.
        // So is "I'm".
        if (
          (spelled.length <= 2 && !/^(?:i|we|he|it|ya|y)$/i.test(spelled)) ||
          /^(?:qu|all|dell|nell|dall|sull|quell|tutt)$/i.test(spelled)
        )
          finish();
        break;
      case KIND.pause:
        finish();
        clause += 1;
        break;
      default:
        // "Lose my #".
        if (char === '#' && !LETTER.test(plain[at + 1] ?? '')) {
          finish();
          tokens.push({ text: 'number', raw: char, clause, glued: false });
          break;
        }
        // A dollar sign in a word stands for an S.
        if (code === 0x24 && LETTER.test(plain[at + 1] ?? '') && !/\d/.test(plain[at + 1] ?? '')) spelled += '$';
        else finish();
    }
  }
  finish();
  return {
    tokens,
    laughs: !isAscii && LAUGHTER.test(text),
    stopSigns: isAscii ? 0 : (text.match(STOP_SIGN)?.length ?? 0),
    isCut: at < plain.length,
  };
}

/** A word in the one spelling that is compared: lower case, no accents, one form of each Arabic letter. */
export function foldWord(word: string): string {
  const lower = word.toLowerCase();
  if (ASCII.test(lower)) return lower;
  return lower
    .normalize('NFD')
    .replace(ACCENTS, '')
    .normalize('NFC')
    .replace(/[ßøđłæœıðþħŧςىیکےۀھةإأآٱؤئ]/gu, (letter) => LETTERS[letter] ?? letter);
}

const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss', ø: 'o', đ: 'd', ł: 'l', æ: 'ae', œ: 'oe', ı: 'i', ð: 'd', þ: 'th', ħ: 'h', ŧ: 't', ς: 'σ',
  ى: 'ي', ی: 'ي', ک: 'ك', ے: 'ي', ۀ: 'ه', ھ: 'ه', ة: 'ه', إ: 'ا', أ: 'ا', آ: 'ا', ٱ: 'ا', ؤ: 'و', ئ: 'ي',
}; // prettier-ignore

/** Full width and styled letters as plain ones. Long piles of marks are cut first: composing them is not linear. */
function composed(text: string): string {
  return text
    .toWellFormed()
    .replace(MARKS, '$1')
    .replace(BOXED, (sign) => String.fromCharCode(65 + (((sign.codePointAt(0) ?? 0) - 0x1f150) % 32)))
    .replace(FLAGS, (signs) =>
      Array.from(signs, (sign) => String.fromCharCode(65 + (sign.codePointAt(0) ?? 0) - 0x1f1e6)).join(''),
    )
    .normalize('NFKC');
}

function kindOf(char: string): Kind {
  if (GLUED.test(char)) return KIND.glued;
  if (LETTER.test(char)) return KIND.letter;
  if (INVISIBLE.test(char)) return KIND.invisible;
  if (MARK.test(char)) return KIND.mark;
  if (PAUSE.test(char)) return KIND.pause;
  if (/^['’ʼ‘`´]$/u.test(char)) return KIND.apostrophe;
  return KIND.space;
}
