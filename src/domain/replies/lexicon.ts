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
  stems?: Map<string, (readonly [string, Node])[]>;
  /** Where one gets without a word. */
  skip?: Node;
  /** What ends here: language and concept, alternately. */
  readonly means: number[];
}

const node = (): Node => ({ next: new Map(), means: [] });

const ROOT = node();
const WORDS = new Set<string>();
/** Nodes that only one word leads to: longer entries may share them. */
const OWN = new Set<Node>();
LANGUAGES.forEach(plant);

/** True if some language has this very word. */
export const isKnownWord = (word: string): boolean => WORDS.has(word);

/** All meanings of all words of a text. */
export function lookUp(tokens: readonly Token[]): Hit[] {
  const hits: Hit[] = [];
  for (let from = 0; from < tokens.length; from += 1) follow(ROOT, tokens, from, from, hits);
  return hits;
}

function follow(at: Node, tokens: readonly Token[], from: number, to: number, hits: Hit[]): void {
  for (let i = 0; i < at.means.length; i += 2) {
    hits.push({ from, to, language: at.means[i] as number, concept: at.means[i + 1] as number });
  }
  if (at.skip !== undefined) follow(at.skip, tokens, from, to, hits);
  const token = tokens[to];
  if (token === undefined || (to > from && token.clause !== tokens[from]?.clause)) return;
  for (const next of at.next.get(token.text) ?? []) follow(next, tokens, from, to + 1, hits);
  if (at.stems === undefined) return;
  for (const [stem, next] of at.stems.get(token.text.slice(0, 2)) ?? []) {
    if (token.text.startsWith(stem)) follow(next, tokens, from, to + 1, hits);
  }
  for (const [, next] of at.stems.get('') ?? []) follow(next, tokens, from, to + 1, hits);
}

function plant(language: Language, index: number): void {
  for (const concept of Object.keys(CONCEPT) as Concept[]) {
    for (const entry of (language[concept] ?? '').split(',')) plantEntry(entry, index, CONCEPT[concept]);
  }
}

/** Alternatives part at a node and meet at another, so that an entry with many of them stays small. */
function plantEntry(entry: string, language: number, concept: number): void {
  let at = ROOT;
  for (const part of entry.split(/(\([^)]*\))/)) {
    if (!part.startsWith('(')) {
      for (const word of wordsOf(part)) at = step(at, word);
      continue;
    }
    const meeting = node();
    for (const choice of part.slice(1, -1).split('|')) {
      const words = wordsOf(choice);
      let on = at;
      words.forEach((word, i) => (on = step(on, word, i === words.length - 1 ? meeting : undefined)));
      if (words.length === 0) at.skip = meeting;
    }
    at = meeting;
  }
  if (at !== ROOT) at.means.push(language, concept);
}

/** Words as tokens; a star stays behind the one it was written after. */
function wordsOf(text: string): string[] {
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
    stems.set(key, [...(stems.get(key) ?? []), [stem, next]]);
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
