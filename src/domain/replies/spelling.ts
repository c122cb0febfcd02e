// Slips of the finger and other spellings of the words that decide. Guesses are made for unknown words only, and never
// from a word that people use.
import { LANGUAGES } from './languages/index.js';
import { isKnownWord } from './lexicon.js';
import { foldWord, type Token } from './tokens.js';

/** How sure it is that a word was meant. */
export type Slip = { readonly word: string; readonly isSure: boolean };

/** Words worth guessing when they are the whole message. */
const KEYWORDS = ['stop', 'quit', 'stopall', 'unsubscribe', 'optout', 'cancel', 'remove', 'arret', 'desabonner', 'abmelden', 'avmeld', 'odjava', 'cancelar', 'berhenti', 'leiratkozas', 'dezabonare', 'wypisz'] as const; // prettier-ignore
/** Words of sentences that people misspell. */
const SENTENCE_WORDS = ['unsubscribe', 'message', 'messages', 'messaging', 'remove', 'delete', 'contact', 'contacting', 'texting', 'sending', 'please', 'number', 'receive', 'receiving', 'calling', 'harassing', 'bothering', 'mailing', 'anymore', 'texts', 'stop'] as const; // prettier-ignore

/** One finger away from a word above, and meant as they stand. */
const REAL_WORDS = new Set(
  ('quiet quite suit quid quilt quip quin duit quito shop step stoop top tops spot story store stow slop strop stomp atop sop stops stork storm stole stock stone stove stok ' +
    'shot show slow snow scop shops steps topp soap sloop scoop swoop stood stool stuff strip stamp stump stem stew soup ' +
    'setup stepp stopover cancels cancer canal cancelled canceled removed removes removal move moves remote arrest arete ' +
    'massage massages massaging contract contracts contracting contacts testing tasting sanding spending lending bending ' +
    'mending vending tending pending standing falling filling culling calming balling galling killing telling selling ' +
    'mauling sailing failing railing nailing mailings numbers slumber lumber cumber pleas pleased pleases pleasure release ' +
    'receives received receiver deletes deleted contacted tests tents taxes taxis tex texas test text next nexting ' +
    'gathering brothering fathering motherring subscribe subscribed resubscribe anywhere anyone abmelde anmelden anmeldung ' +
    'cancellare cancellar canceler callar avmeldt najava prijava objava ondjava pajava stola stopper slot slots sport ' +
    'sports toss stay star start stat stud stun stir site sto pots post posts tops stopgap stops staple').split(' '),
); // prettier-ignore

const ROWS = ['qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const DIGITS = '1234567890';

/** Latin letters that others look like, and the digits and signs that stand for letters. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  а: 'a', в: 'b', с: 'c', е: 'e', н: 'h', і: 'i', ј: 'j', к: 'k', м: 'm', о: 'o', р: 'p', ѕ: 's', т: 't', у: 'y', х: 'x',
  α: 'a', β: 'b', ε: 'e', ι: 'i', κ: 'k', ν: 'n', ο: 'o', ρ: 'p', τ: 't', υ: 'u', χ: 'x', ɑ: 'a', օ: 'o', ѵ: 'v', ԁ: 'd', ᴏ: 'o', ᴘ: 'p', ᴛ: 't', ѡ: 'w', г: 'r',
}; // prettier-ignore
const LEET: Readonly<Record<string, string>> = { 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't', $: 's' };

/** Spellings that show which word was meant: letters that look alike, digits for letters, letters drawn out or spaced. */
export function respell(tokens: readonly Token[]): Token[] {
  return spacedOut(tokens).map((token) => {
    if (token.glued || isKnownWord(token.text)) return token;
    const word = meant(token.text);
    return word === undefined ? token : { ...token, text: word };
  });
}

/** The same for words of a sentence that are one slip away from a word that decides. */
export function guessWords(tokens: readonly Token[]): Token[] {
  return tokens.map((token) => {
    const { text, glued } = token;
    if (glued || text.length < 4 || isKnownWord(text) || REAL_WORDS.has(text)) return token;
    const slip = text.length === 4 ? keywordSlip(text) : undefined;
    if (slip?.word === 'stop' && slip.isSure) return { ...token, text: 'stop', respelled: true as const };
    if (text.length < 5) return token;
    const word = SENTENCE_WORDS.find((candidate) => candidate.length > 4 && isSlip(text, candidate));
    return word === undefined ? token : { ...token, text: word, respelled: true as const };
  });
}

/** The keyword a whole message of one word may have been meant as. */
export function keywordSlip(word: string): Slip | undefined {
  if (word.length < 3 || word.length > 16 || REAL_WORDS.has(word) || isKnownWord(word)) return undefined;
  for (const keyword of KEYWORDS) {
    if (Math.abs(keyword.length - word.length) > 2) continue;
    if (keyword === 'unsubscribe' && !/^[uy]?n/.test(word)) continue;
    const far = distance(word, keyword);
    if (keyword.length >= 9 && far <= 2) return { word: keyword, isSure: far <= 2 };
    if (far === 1 && keyword.length >= 4) return { word: keyword, isSure: isTypical(word, keyword) };
  }
  return swapped(word);
}

/** Keywords of all languages by their letters in order, to find those with two letters swapped or one doubled. */
let byLetters: ReadonlyMap<string, string> | undefined;

function keywordsByLetters(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { stop = '' } of LANGUAGES) {
    for (const entry of stop.split(',')) {
      const word = foldWord(entry.trim());
      if (word.length >= 4 && /^\p{L}+$/u.test(word)) found.set(lettersOf(word), word);
    }
  }
  return found;
}

/** A keyword of any language with two neighbours swapped or a letter doubled: for a human, the language is a guess. */
function swapped(word: string): Slip | undefined {
  byLetters ??= keywordsByLetters();
  const keyword = byLetters.get(lettersOf(word));
  return keyword !== undefined && distance(word, keyword) === 1 ? { word: keyword, isSure: false } : undefined;
}

function lettersOf(word: string): string {
  return [...new Set(word)].sort().join('');
}

function meant(word: string): string | undefined {
  for (const candidate of [
    lookAlike(word),
    fromLatin(word),
    leet(word),
    drawnOut(word, '$1'),
    drawnOut(word, '$1$1'),
    squeezed(word),
    word.replace(/[0-9]{1,8}$/, ''),
  ]) {
    if (candidate !== word && candidate.length > 2 && isKnownWord(candidate)) return candidate;
  }
  return undefined;
}

const lookAlike = (word: string): string => Array.from(word, (char) => LOOK_ALIKES[char] ?? char).join('');
const FROM_LATIN: Readonly<Record<string, string>> = { a: 'а', b: 'в', c: 'с', e: 'е', h: 'н', k: 'к', m: 'м', o: 'о', p: 'р', t: 'т', y: 'у', x: 'х' }; // prettier-ignore
const fromLatin = (word: string): string =>
  /\p{Script=Cyrillic}/u.test(word) ? Array.from(word, (char) => FROM_LATIN[char] ?? char).join('') : word;
const leet = (word: string): string =>
  /[a-z]/.test(word) && /[0-9$]/.test(word) ? Array.from(word, (char) => LEET[char] ?? char).join('') : word;
const drawnOut = (word: string, by: string): string => word.replace(/(\p{L})\1{2,}/gu, by);
/** "sstttoop": where one letter is drawn out, the others may be. */
const squeezed = (word: string): string => (/(\p{L})\1\1/u.test(word) ? word.replace(/(\p{L})\1+/gu, '$1') : word);

/** "S T O P" and "S.T.O.P" as one word, if that is a known one. */
function spacedOut(tokens: readonly Token[]): readonly Token[] {
  if (!tokens.some((token, i) => isLetter(token) && isLetter(tokens[i + 1]) && isLetter(tokens[i + 2]))) return tokens;
  const joined: Token[] = [];
  for (let at = 0; at < tokens.length;) {
    let end = at;
    while (end < tokens.length && end - at < 16 && isLetter(tokens[end])) end += 1;
    const word = tokens.slice(at, end).map(({ text }) => text).join(''); // prettier-ignore
    if (end - at >= 3 && isKnownWord(word)) {
      const raw = tokens.slice(at, end).map((token) => token.raw).join(''); // prettier-ignore
      joined.push({ ...(tokens[at] as Token), text: word, raw });
      at = end;
    } else {
      joined.push(tokens[at] as Token);
      at += 1;
    }
  }
  return joined;
}

const isLetter = (token: Token | undefined): boolean => token !== undefined && !token.glued && token.text.length === 1;

/** One edit away, and for long words two. */
function isSlip(word: string, target: string): boolean {
  const most = target.length >= 9 ? 2 : 1;
  return Math.abs(word.length - target.length) <= most && word[0] === target[0] && distance(word, target) <= most;
}

/** The typical slips: neighbours swapped, a letter doubled, a key beside the right one. */
function isTypical(word: string, target: string): boolean {
  if (word.length === target.length) {
    const wrong = [...word].findIndex((char, i) => char !== target[i]);
    const rest = word.slice(wrong + 1);
    if (rest !== target.slice(wrong + 1)) return true;
    return areNeighbours(word[wrong] as string, target[wrong] as string);
  }
  if (word.length < target.length) return target.length >= 6;
  const extra = [...word].findIndex((char, i) => char !== target[i]);
  const char = word[extra] as string;
  return (
    char === word[extra - 1] || areNeighbours(char, word[extra - 1] ?? '') || areNeighbours(char, word[extra + 1] ?? '')
  );
}

function areNeighbours(a: string, b: string): boolean {
  const [rowA, atA] = keyOf(a);
  const [rowB, atB] = keyOf(b);
  if (rowA < 0 || rowB < 0) return false;
  return Math.abs(rowA - rowB) <= 1 && Math.abs(atA - atB) <= 1;
}

function keyOf(char: string): readonly [row: number, at: number] {
  const rows = [DIGITS, ...ROWS];
  const row = rows.findIndex((keys) => keys.includes(char));
  return [row, row < 0 ? -1 : (rows[row] as string).indexOf(char)];
}

/** Edits between two short words, a swap of neighbours counted as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const now = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] as number) + 1, (now[j - 1] as number) + 1, (last[j - 1] as number) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (before[j - 2] as number) + 1);
      now.push(best);
    }
    before = last;
    last = now;
  }
  return last[b.length] as number;
}
