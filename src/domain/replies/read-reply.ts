// What a reply asks for, as people write it: keywords of many languages, slips, and plain sentences. A pure function of
// the text: no network, no model, no clock. Reads any text in time linear in its length, and no more than its beginning.
import type { View } from './clause.js';
import { readKeyword } from './keywords.js';
import { CONCEPT } from './language.js';
import { LANGUAGES } from './languages/index.js';
import { lookUp, plantAll, type Hit } from './lexicon.js';
import { actionFor, OWN_GRADING, type ReplyPolicy, type ReplyReading } from './reading.js';
import { findRequests, type Found } from './sentence.js';
import { guessWords, keywordSlip, respell } from './spelling.js';
import { tokenise, type Token, type Tokens } from './tokens.js';
import { strip } from './written.js';

type Read = Omit<ReplyReading, 'action'>;

const { stop, alone, start, help, polite, message, me, more, list, contact, not, out, maybe, back, harmless, elsewhere } = CONCEPT; // prettier-ignore
const IDIOMS = out | maybe | back;
/** English words go with every language: people add "please" and "sms" to words of their own. */
const SHARED = stop | polite | message;
const ENGLISH = LANGUAGES.findIndex(({ code }) => code === 'en');
/** What may surround a keyword without changing it. */
const AROUND = polite | message | me | more | list;
/** A language is meant if it explains nearly as many words as the one that explains most. */
const MEANT = 0.8;
/** Words of the longest expression in any language, characters in those without spaces. */
const LONGEST_EXPRESSION = 20;
/** Somebody who asks for it in so many words tells a story. */
const LONG = 60;

/**
 * What `text` asks for. `action` is what `policy` lets be done with it; by default the recogniser's own grading, which
 * acts on certain readings of any kind.
 *
 * @example readReply('lose my number').label // 'opt_out'
 */
export function readReply(text: string, policy: ReplyPolicy = OWN_GRADING): ReplyReading {
  const read = readWords(text);
  const action = actionFor(read, policy);
  // Coming back must be as plain as can be: only what the keywords take for it.
  return { ...read, action: read.label === 'opt_in' && readKeyword(text).action !== 'UNBLOCK' ? 'none' : action };
}

/** Make ready to read. Whoever answers others does so at its start: it takes most of a second, in one piece. */
export function prepareReading(): void {
  plantAll();
}

function readWords(text: string): Read {
  const written = strip(text);
  if (written.by === 'automatic') return nothing(written.by);
  const tokenised = tokenise(written.text);
  if (tokenised.tokens.length === 0) {
    if (written.by !== undefined) return nothing(written.by);
    return tokenised.stopSigns > 0 && !tokenised.laughs
      ? { ...nothing('sign'), label: 'opt_out', confidence: 0.6 }
      : nothing('no_words');
  }
  const read = readTokens(tokenised);
  return written.by !== undefined && read.label === 'other' ? nothing(written.by) : read;
}

function readTokens({ tokens: asWritten, laughs }: Tokens): Read {
  const exact = respell(asWritten);
  const first = readAs(exact, laughs);
  if (first.label !== 'other' || first.reason === 'negated') return first;
  const guessed = guessWords(exact);
  if (!guessed.some(({ respelled }) => respelled === true)) return first;
  const second = readAs(guessed, laughs);
  // A guess may make a reply one to review, never more.
  return second.label === 'opt_out' ? { ...second, confidence: Math.min(second.confidence, 0.85) } : first;
}

function readAs(tokens: readonly Token[], laughs: boolean): Read {
  const views = viewsOf(tokens);
  const keyword = readKeywords(tokens, views, laughs) ?? readSlip(tokens, views);
  if (keyword !== undefined) return keyword;
  let best: Found | undefined;
  let of = 0;
  let isIn = false;
  let refusal: (Found & { readonly language: number }) | undefined;
  for (const view of views) {
    for (const found of findRequests(view, tokens)) {
      if (found.label === 'opt_in') isIn = true;
      if (found.label === 'other') refusal ??= { ...found, language: view.language };
      else if (best === undefined || rank(found) > rank(best)) [best, of] = [found, view.language];
    }
  }
  const english = views.find(({ language }) => language === ENGLISH);
  const inText =
    (english === undefined ? undefined : keywordInText(tokens, english, laughs, isEnglish(views))) ??
    clauseOfKeyword(tokens, views, laughs);
  if (inText !== undefined && (best === undefined || best.label !== 'opt_out' || inText.confidence > best.confidence)) {
    if (refusal === undefined) return inText;
  }
  if (best !== undefined) {
    let confidence = best.confidence;
    // Two wishes in one reply, or a long story, are for a human.
    const isDisputed = refusal !== undefined && (refusal.to <= best.from || best.to <= refusal.from);
    if (best.label === 'opt_out' && (isDisputed || isIn || tokens.length > LONG)) {
      confidence = Math.min(confidence, 0.7);
    }
    return reading(best.label, best.reason, tokens.slice(best.from, best.to), of, confidence);
  }
  if (refusal !== undefined) {
    const { reason, from, to, language, confidence } = refusal;
    return reading('other', reason, tokens.slice(from, to), language, confidence);
  }
  const isOtherMeaning = views.some(({ masks }) => masks.some((mask) => (mask & (harmless | stop)) !== 0));
  return { ...nothing(isOtherMeaning ? 'other_meaning' : 'no_request'), language: likeliest(views) };
}

const rank = ({ label, confidence }: Found): number => confidence + (label === 'opt_out' ? 1 : 0);

/** The whole message: a keyword, or several, with nothing but politeness. */
function readKeywords(tokens: readonly Token[], views: readonly View[], laughs: boolean): Read | undefined {
  let best: Read | undefined;
  const english = views.find(({ language }) => language === ENGLISH);
  for (const { masks, language } of views) {
    const all = masks.reduce((sum, mask) => sum | mask, 0);
    const key = [stop, alone, start, help].find((concept) => (all & concept) !== 0);
    if (key === undefined || !masks.every((mask) => (mask & (key | AROUND)) !== 0)) continue;
    const isWhole = masks.every((mask) => (mask & key) !== 0);
    // "Stop it", but not "sms no stop".
    const words = tokens.filter((_, i) => ((masks[i] as number) & key) !== 0);
    let read: Read;
    if (key === start || key === help) {
      read = reading(key === start ? 'opt_in' : 'help', 'keyword', words, language, isWhole ? 0.99 : 0.8);
    } else if (key === alone) {
      if (!isWhole && !masks.every((mask) => (mask & (key | polite)) !== 0)) continue;
      read = reading('opt_out', 'keyword', words, language, isWhole ? 0.97 : 0.75);
    } else {
      read = reading('opt_out', 'keyword', words, language, isWhole ? 0.99 : 0.95);
    }
    // "Fine" ends a subscription in Italian, and agrees in English.
    if (key === alone && language !== ENGLISH && english?.masks.every((mask) => (mask & polite) !== 0) === true) {
      read = { ...read, confidence: 0.6 };
    }
    if (laughs && read.label === 'opt_out') {
      if (!isWhole) return { ...nothing('other_meaning'), language: read.language, words: read.words };
      read = { ...read, confidence: 0.6 };
    }
    if (best === undefined || read.confidence > best.confidence) best = read;
  }
  return best;
}

/** One word that nobody knows, a slip away from a keyword, with nothing but politeness. */
function readSlip(tokens: readonly Token[], views: readonly View[]): Read | undefined {
  const unknown = tokens.filter((_, i) => views.every(({ masks }) => masks[i] === 0));
  const word = unknown[0];
  if (word === undefined || unknown.length > 1 || tokens.length > 3 || word.glued) return undefined;
  const english = views.find(({ language }) => language === ENGLISH);
  if (tokens.length > 1 && !tokens.every((token, i) => token === word || ((english?.masks[i] ?? 0) & polite) !== 0)) {
    return undefined;
  }
  const slip = keywordSlip(word.text);
  if (slip === undefined) return undefined;
  return reading('opt_out', 'slip', [word], ENGLISH, slip.isSure && tokens.length === 1 ? 0.92 : 0.7);
}

/** STOP within a longer text: it counts where people put a keyword, not where it is one word of a sentence. */
function keywordInText(
  tokens: readonly Token[],
  { masks }: View,
  laughs: boolean,
  isInEnglish: boolean,
): Read | undefined {
  const says = (i: number, concepts: number): boolean => ((masks[i] ?? 0) & concepts) !== 0;
  const isShouted = !tokens.every(({ raw }) => raw === raw.toUpperCase());
  let best: Read | undefined;
  for (let i = 0; i < tokens.length && i < LONG; i += 1) {
    if (!says(i, stop) || says(i - 1, not)) continue;
    const token = tokens[i] as Token;
    const isUpper = isShouted && token.raw.length > 1 && token.raw === token.raw.toUpperCase();
    let from = i;
    while (from > 0 && tokens[from - 1]?.clause === token.clause && says(from - 1, polite | stop)) from -= 1;
    let to = i + 1;
    while (to < tokens.length && tokens[to]?.clause === token.clause && says(to, AROUND | stop)) to += 1;
    const begins = from === 0 || tokens[from - 1]?.clause !== token.clause;
    const ends = to === tokens.length || tokens[to]?.clause !== token.clause;
    const isPolite = tokens.slice(from, to).some(({ text }) => text === 'please' || text === 'pls' || text === 'plz');
    let confidence = 0;
    if (begins && ends) confidence = isUpper || isPolite ? 0.92 : laughs ? 0 : 0.7;
    else if (i === 0)
      confidence = isElsewhere(tokens[i + 1], masks[i + 1]) ? 0 : isUpper ? 0.91 : laughs || !isInEnglish ? 0 : 0.6;
    else if (isUpper) confidence = to === tokens.length ? 0.9 : 0.6;
    else if (begins && isPolite && !isElsewhere(tokens[to], masks[to])) confidence = 0.6;
    if (confidence > (best?.confidence ?? 0))
      best = reading('opt_out', 'keyword_in_text', [token], ENGLISH, confidence);
  }
  return best;
}

/** A keyword of any language as a whole part of the reply: "Nein danke. Stopp." */
function clauseOfKeyword(tokens: readonly Token[], views: readonly View[], laughs: boolean): Read | undefined {
  if (laughs || tokens.length > LONG) return undefined;
  for (const { masks, language } of views) {
    for (let from = 0; from < tokens.length;) {
      let to = from;
      let all = 0;
      let others = 0;
      for (; to < tokens.length && tokens[to]?.clause === tokens[from]?.clause; to += 1) {
        all |= masks[to] as number;
        if (((masks[to] as number) & (stop | polite)) === 0) others += 1;
      }
      if ((all & stop) !== 0 && others === 0) {
        return reading('opt_out', 'keyword_in_text', tokens.slice(from, to), language, 0.7);
      }
      from = to;
    }
  }
  return undefined;
}

/** English explains the text as well as any language. */
function isEnglish(views: readonly View[]): boolean {
  const counts = views.map(({ masks, language }) => ({ language, count: masks.filter((mask) => mask !== 0).length }));
  const own = counts.find(({ language }) => language === ENGLISH)?.count ?? 0;
  return counts.every(({ count }) => count <= own);
}

/** What follows shows another object: "stop by", "stop the car", "stop worrying". */
const isElsewhere = (token: Token | undefined, mask = 0): boolean =>
  token !== undefined &&
  ((mask & elsewhere) !== 0 || (token.text.endsWith('ing') && token.text.length > 4 && (mask & contact) === 0));

/**
 * A view for English and for each language that explains the text as well as the best one does, English mixed into
 * each: words of one language are often words of another that mean something else there.
 */
function viewsOf(tokens: readonly Token[]): View[] {
  const hits = lookUp(tokens);
  const known = new Map<number, Uint8Array>();
  for (const { language, from, to } of hits) {
    let of = known.get(language);
    if (of === undefined) known.set(language, (of = new Uint8Array(tokens.length)));
    of.fill(1, from, to);
  }
  const count = (language: number): number => known.get(language)?.reduce((sum, one) => sum + one, 0) ?? 0;
  const most = Math.max(0, ...[...known.keys()].map(count));
  const english = viewOf(ENGLISH, hits, tokens.length);
  const views = known.has(ENGLISH) ? [english] : [];
  for (const language of known.keys()) {
    if (language === ENGLISH || count(language) < most * MEANT) continue;
    const own = viewOf(language, hits, tokens.length);
    const masks = own.masks.map((mask, i) => {
      const shared = english.masks[i] as number;
      return (shared & harmless) !== 0 ? mask & ~stop : mask | (shared & SHARED);
    });
    views.push({ ...own, masks });
  }
  return views;
}

/** Words inside a longer expression mean nothing by themselves, and those of a harmless idiom mean nothing at all. */
function viewOf(language: number, all: readonly Hit[], size: number): View {
  const hits = all.filter((hit) => hit.language === language);
  const masks = new Uint32Array(size);
  const idioms: { from: number; to: number; concept: number }[] = [];
  for (const [at, hit] of hits.entries()) {
    if (isHidden(hits, at)) continue;
    if ((hit.concept & IDIOMS) !== 0) idioms.push(hit);
    else for (let i = hit.from; i < hit.to; i += 1) masks[i] = (masks[i] as number) | hit.concept;
  }
  return { language, isTight: LANGUAGES[language]?.isTight === true, masks, idioms };
}

/** Expressions are sorted by their first word and short, so only those near can hide one. */
function isHidden(hits: readonly Hit[], at: number): boolean {
  const hit = hits[at] as Hit;
  for (let i = at - 1; i >= 0 && (hits[i] as Hit).from > hit.from - LONGEST_EXPRESSION; i -= 1) {
    if (isHiddenBy(hit, hits[i] as Hit)) return true;
  }
  for (let i = at + 1; i < hits.length && (hits[i] as Hit).from < hit.to; i += 1) {
    if (isHiddenBy(hit, hits[i] as Hit)) return true;
  }
  return false;
}

function isHiddenBy(hit: Hit, other: Hit): boolean {
  if (other === hit || (other.concept & IDIOMS) !== 0) return false;
  const longer = other.to - other.from > hit.to - hit.from;
  const isWithin = other.from <= hit.from && other.to >= hit.to;
  if (isWithin && longer) return true;
  // A harmless idiom takes every word it shares, except from a longer expression.
  const overlaps = other.from < hit.to && hit.from < other.to;
  if (other.concept === harmless && overlaps && other.from < hit.from && hit.concept !== harmless) return true;
  return (
    other.concept === harmless && overlaps && hit.concept !== harmless && other.to - other.from >= hit.to - hit.from
  );
}

function reading(
  label: Read['label'],
  reason: Read['reason'],
  words: readonly Token[],
  language: number,
  confidence: number,
): Read {
  return {
    label,
    reason,
    words: words.map(({ raw }) => raw),
    language: LANGUAGES[language]?.code ?? 'und',
    confidence: Math.round(confidence * 100) / 100,
  };
}

const nothing = (reason: Read['reason']): Read => ({
  label: 'other',
  reason,
  words: [],
  language: 'und',
  confidence: 0.9,
});

/** The language in which most words mean something. */
function likeliest(views: readonly View[]): string {
  let best = { language: -1, count: 0 };
  for (const { masks, language } of views) {
    const count = masks.filter((mask) => mask !== 0).length;
    if (count > best.count) best = { language, count };
  }
  return LANGUAGES[best.language]?.code ?? 'und';
}
