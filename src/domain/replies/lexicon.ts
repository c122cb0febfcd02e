// The words and idioms of all languages in one tree, so that a text is looked up once whatever the number of languages.
import { CONCEPT, type Concept, type Language } from './language.js';
import { LANGUAGES } from './languages/index.js';
import { tokenise, type Token } from './tokens.js';

/** Words of a text that mean something in a language. */
export interface Hit {
  readonly from: number;
  /** Index after the last word. */
  readonly to: number;
  /** Index into {@link LANGUAGES}. */
  readonly language: number;
  /** Bit of {@link CONCEPT}. */
  readonly concept: number;
}

interface Node {
  readonly next: Map<string, Node[]>;
  /** Beginnings of words, by their first two letters. */
  stems?: Map<string, [string, Node][]>;
  /** Where one gets without a word. */
  skip?: Node;
  /** What ends here: language and concept, alternately. */
  readonly means: number[];
}

const node = (): Node => ({ next: new Map(), means: [] });

const ROOT = node();
const WORDS = new Set<string>();
const SPLIT = new Map<string, string[]>();
/** Nodes that only one word leads to: longer entries may share them. */
const OWN = new Set<Node>();

/** True if some language has this very word. */
export function isKnownWord(word: string): boolean {
  plantAll();
  return WORDS.has(word);
}

let isPlanted = false;

/** Takes most of a second, so not before it is asked for or the first reply is read: few commands read any. */
export function plantAll(): void {
  if (isPlanted) return;
  isPlanted = true;
  LANGUAGES.forEach(plant);
  SPLIT.clear();
  start = placeOf([ROOT]);
}

/** Nodes that a text has led to, and where each further word leads: found out once, then remembered. */
interface Place {
  readonly nodes: readonly Node[];
  readonly means: readonly number[];
  readonly next: Map<string, Place | undefined>;
}

/** Words remembered in all places together, before everything is forgotten. */
const MOST_REMEMBERED = 200_000;
let remembered = 0;
let start = placeOf([ROOT]);

/** All meanings of all words of a text. */
export function lookUp(tokens: readonly Token[]): Hit[] {
  plantAll();
  const hits: Hit[] = [];
  if (remembered > MOST_REMEMBERED) {
    start = placeOf([ROOT]);
    remembered = 0;
  }
  for (let from = 0; from < tokens.length; from += 1) {
    const clause = tokens[from]?.clause;
    let place: Place | undefined = start;
    for (let to = from; to < tokens.length && tokens[to]?.clause === clause; to += 1) {
      place = advance(place, (tokens[to] as Token).text);
      if (place === undefined) break;
      for (let i = 0; i < place.means.length; i += 2) {
        hits.push({ from, to: to + 1, language: place.means[i] as number, concept: place.means[i + 1] as number });
      }
    }
  }
  return hits;
}

function advance(at: Place, word: string): Place | undefined {
  if (at.next.has(word)) return at.next.get(word);
  const reached: Node[] = [];
  for (const { next, stems } of at.nodes) {
    reached.push(...(next.get(word) ?? []));
    if (stems === undefined) continue;
    for (const [stem, to] of stems.get(word.slice(0, 2)) ?? []) if (word.startsWith(stem)) reached.push(to);
    for (const [, to] of stems.get('') ?? []) reached.push(to);
  }
  const place = reached.length === 0 ? undefined : placeOf(reached);
  at.next.set(word, place);
  remembered += 1;
  return place;
}

function placeOf(reached: readonly Node[]): Place {
  const nodes = new Set<Node>();
  for (const first of reached) for (let on: Node | undefined = first; on !== undefined; on = on.skip) nodes.add(on);
  const means: number[] = [];
  const known = new Set<number>();
  for (const of of nodes) {
    for (let i = 0; i < of.means.length; i += 2) {
      const meaning = (of.means[i] as number) * 2 ** 32 + (of.means[i + 1] as number);
      if (known.has(meaning)) continue;
      known.add(meaning);
      means.push(of.means[i] as number, of.means[i + 1] as number);
    }
  }
  return { nodes: [...nodes], means, next: new Map() };
}

function plant(language: Language, index: number): void {
  for (const concept of Object.keys(CONCEPT) as Concept[]) {
    for (const entry of (language[concept] ?? '').split(',')) plantEntry(entry, index, CONCEPT[concept]);
  }
}

/** Alternatives part at a node and meet at another, so that an entry with many of them stays small. */
function plantEntry(entry: string, language: number, concept: number): void {
  let at = ROOT;
  for (let from = 0; from < entry.length;) {
    const open = entry.indexOf('(', from);
    const plain = entry.slice(from, open < 0 ? entry.length : open);
    for (const word of wordsOf(plain)) at = step(at, word);
    if (open < 0) break;
    const close = entry.indexOf(')', open);
    if (close < 0) throw new Error(`A bracket is not closed in "${entry}".`);
    const meeting = node();
    for (const choice of entry.slice(open + 1, close).split('|')) {
      const words = wordsOf(choice);
      let on = at;
      words.forEach((word, i) => (on = step(on, word, i === words.length - 1 ? meeting : undefined)));
      if (words.length === 0) at.skip = meeting;
    }
    at = meeting;
    from = close + 1;
  }
  if (at !== ROOT) at.means.push(language, concept);
}

/** Words as tokens; a star stays behind the one it was written after. */
function wordsOf(text: string): string[] {
  const known = SPLIT.get(text);
  if (known !== undefined) return known;
  const words = splitWords(text);
  SPLIT.set(text, words);
  return words;
}

function splitWords(text: string): string[] {
  return text
    .split(/\s/)
    .filter((part) => part !== '')
    .flatMap((part) => {
      if (part === '*') return ['*'];
      const words = tokenise(part).tokens.map((token) => token.text);
      return part.endsWith('*') ? [...words.slice(0, -1), `${words.at(-1) ?? ''}*`] : words;
    });
}

function step(at: Node, word: string, to?: Node): Node {
  if (word.endsWith('*')) {
    const stem = word.slice(0, -1);
    const stems = (at.stems ??= new Map());
    const next = to ?? node();
    const key = stem.slice(0, 2);
    const alike = stems.get(key);
    if (alike === undefined) stems.set(key, [[stem, next]]);
    else alike.push([stem, next]);
    return next;
  }
  WORDS.add(word);
  const known = at.next.get(word) ?? [];
  at.next.set(word, known);
  if (to !== undefined) {
    known.push(to);
    return to;
  }
  const own = known.find((next) => OWN.has(next));
  if (own !== undefined) return own;
  const next = node();
  OWN.add(next);
  known.push(next);
  return next;
}
