// Sentences that ask to be left alone. A sentence is read as the concepts of its words (language.ts), so that the rules
// below hold in every language: it needs a verb and an object that is us.
import { isConditional, otherThing, unknownAround, weightOf, type View } from './clause.js';
import { CONCEPT } from './language.js';
import type { Token } from './tokens.js';

export interface Found {
  readonly label: 'opt_out' | 'opt_in' | 'other';
  readonly reason: 'sentence' | 'idiom' | 'negated' | 'other_meaning';
  readonly from: number;
  readonly to: number;
  readonly confidence: number;
}

const { cease, stop, contact, dontContact, message, me, more, not, no, want, dontWant, receive, remove, self, list } =
  CONCEPT;
const { unsubscribe, polite, out, back, harmless, unless, elsewhere } = CONCEPT;

interface Rule {
  readonly says: readonly number[];
  readonly confidence: number;
  /** The rule's own negation is its point; in the others a negation before it turns it round. */
  readonly isRefusal?: true;
}

const anything = message | contact | receive;
const RULES: readonly Rule[] = [
  { says: [cease | stop, contact], confidence: 0.9 },
  { says: [cease | stop, message], confidence: 0.88 },
  { says: [cease | stop, receive, message | me], confidence: 0.88 },
  { says: [not, contact, me | message | more], confidence: 0.92, isRefusal: true },
  { says: [not, more, contact], confidence: 0.9, isRefusal: true },
  { says: [dontContact, me | message | more], confidence: 0.92, isRefusal: true },
  { says: [remove, me], confidence: 0.88 },
  { says: [remove, self], confidence: 0.9 },
  { says: [remove, list], confidence: 0.85 },
  { says: [stop, list | self], confidence: 0.8 },
  { says: [no | not, more, message], confidence: 0.9, isRefusal: true },
  { says: [no, message], confidence: 0.65, isRefusal: true },
  { says: [not, want, anything], confidence: 0.9, isRefusal: true },
  { says: [not, receive, more], confidence: 0.65, isRefusal: true },
  { says: [dontWant, anything], confidence: 0.9, isRefusal: true },
  { says: [dontWant, more], confidence: 0.8, isRefusal: true },
  { says: [not, want, more], confidence: 0.65, isRefusal: true },
  { says: [unsubscribe], confidence: 0.74 },
  { says: [unsubscribe, me | self | list | message], confidence: 0.9 },
  { says: [want, unsubscribe], confidence: 0.9 },
];

/** Orders in which the words of a rule may stand: languages differ, and so do people. */
const ORDERS = RULES.flatMap((rule) =>
  permutations(rule.says).map((says, i) => ({
    ...rule,
    says,
    // What is taken out may be named first everywhere.
    keepsOrder: says[0] === rule.says[0] || rule.says[0] === remove,
    confidence: i === 0 ? rule.confidence : rule.confidence - 0.03,
  })),
);

/** What may stand between the words of a rule beside filling words: one word, or a few characters. */
const WIDEST_GAP = 1.1;
const SUPPORT = me | message | more | list | self;
const FILLING = polite | me | more | want | list | self;
/** Words that stand for themselves cannot be skipped as if they were nothing. */
const WEIGHTY = cease | stop | remove | unsubscribe | harmless | not | out;

/** All requests in one language's view. */
export function findRequests(view: View, tokens: readonly Token[]): Found[] {
  const found: Found[] = [];
  for (const idiom of view.idioms) {
    const isIn = idiom.concept === back;
    const isNegated = isDenied(view, tokens, idiom.from, idiom.from);
    const unknown = unknownAround(view, tokens, idiom.from, idiom.to);
    const isOut = idiom.concept === out;
    const doubt = (isConditional(view, tokens, idiom.to - 1) ? 0.1 : 0) + otherThing(view, tokens, idiom.from);
    const confidence =
      (isOut ? 0.93 - Math.min(unknown * 0.05, 0.35) : 0.65 - unknown * (view.isTight ? 0.3 : 0.1)) - doubt;
    if (!isIn && confidence < 0.5) continue;
    const span = { from: idiom.from, to: idiom.to };
    if (isNegated) found.push({ label: 'other', reason: 'negated', ...span, confidence: 0.9 });
    else found.push({ label: isIn ? 'opt_in' : 'opt_out', reason: 'idiom', ...span, confidence });
  }
  for (let from = 0; from < tokens.length;) {
    let to = from;
    let all = 0;
    while (to < tokens.length && tokens[to]?.clause === tokens[from]?.clause) all |= view.masks[to++] as number;
    if ((all & (cease | stop | not | no | dontContact | remove | dontWant | unsubscribe)) !== 0) {
      findInClause(view, tokens, from, to, all, found);
    }
    from = to;
  }
  return found;
}

function findInClause(
  view: View,
  tokens: readonly Token[],
  from: number,
  to: number,
  all: number,
  found: Found[],
): void {
  for (const order of ORDERS) {
    if (view.isTight && !order.keepsOrder) continue;
    if (!order.says.every((concepts) => (all & concepts) !== 0)) continue;
    for (let at = from; at < to; at += 1) {
      if (((view.masks[at] as number) & (order.says[0] as number)) === 0) continue;
      const end = match(view, tokens, order.says, at, to);
      if (end < 0) continue;
      found.push(judge(view, tokens, order, at, end, from, to));
      break;
    }
  }
}

/** The index after the last word of the rule, if its words stand in this order from `at` on; -1 if not. */
function match(view: View, tokens: readonly Token[], says: readonly number[], at: number, to: number): number {
  let i = endOfWord(view, tokens, at, to);
  for (let n = 1; n < says.length; n += 1) {
    let gap = 0;
    for (; ; i += 1) {
      if (i >= to) return -1;
      const mask = view.masks[i] as number;
      if ((mask & (says[n] as number)) !== 0) break;
      if ((mask & FILLING) !== 0) continue;
      if ((mask & WEIGHTY) !== 0) return -1;
      if (mask === 0) gap += weightOf(view, tokens[i]);
      if (gap > WIDEST_GAP) return -1;
    }
    i = endOfWord(view, tokens, i, to);
  }
  // "My number" is one thing in two words.
  while (i < to && ((view.masks[i] as number) & (says.at(-1) as number)) !== 0) i += 1;
  return i;
}

/** A word of several characters is one word. */
function endOfWord(view: View, tokens: readonly Token[], at: number, to: number): number {
  let i = at + 1;
  while (i < to && tokens[i]?.glued === true && view.masks[i] === view.masks[at] && i - at < 8) i += 1;
  return i;
}

function judge(
  view: View,
  tokens: readonly Token[],
  rule: Rule,
  from: number,
  to: number,
  begin: number,
  end: number,
): Found {
  const span = { from, to };
  if (rule.isRefusal !== true && isDenied(view, tokens, from, to)) {
    return { label: 'other', reason: 'negated', ...span, confidence: 0.9 };
  }
  let supporting = 0;
  let unknown = 0;
  let isGuess = false;
  for (let i = begin; i < end; i += 1) {
    const mask = view.masks[i] as number;
    supporting |= mask & SUPPORT;
    if (mask === 0) unknown += weightOf(view, tokens[i]);
    if (tokens[i]?.respelled === true) isGuess = true;
  }
  const used = rule.says.reduce((sum, concepts) => sum | concepts, 0);
  let confidence = rule.confidence + ((supporting & ~used) === 0 ? 0 : 0.05);
  // The fewer concepts agree, the more an unknown word may change.
  confidence -= rule.says.length > 2 ? Math.min(unknown * 0.04, 0.25) : Math.min(unknown * 0.07, 0.45);
  if (isGuess) confidence -= 0.1;
  // "Do not call me at work" is a wish for this call; "stop calling me at work" may be more.
  if (isConditional(view, tokens, begin)) confidence -= rule.isRefusal === true ? 0.5 : 0.25;
  confidence -= otherThing(view, tokens, begin);
  // "Do not send me the invoice": what we are asked not to send is not what we send.
  const after = view.masks[to] ?? 0;
  if (rule.isRefusal === true && to < end && (after & elsewhere) !== 0 && (supporting & (message | more)) === 0)
    confidence -= 0.5;
  if (confidence < 0.5) return { label: 'other', reason: 'other_meaning', ...span, confidence: 0.7 };
  return { label: 'opt_out', reason: 'sentence', ...span, confidence: Math.min(confidence, 0.97) };
}

/** "Don't stop", "never unsubscribe", "I do not want you to remove me"; and after the verb, as in "meldet mich nicht ab". */
function isDenied(view: View, tokens: readonly Token[], from: number, to: number): boolean {
  const clause = tokens[from]?.clause;
  let skipped = 0;
  for (let i = from - 1; i >= 0 && tokens[i]?.clause === clause; i -= 1) {
    const mask = view.masks[i] as number;
    if ((mask & (not | dontWant)) !== 0 && (mask & polite) === 0) return true;
    if ((mask & (FILLING | unless)) === 0) skipped += weightOf(view, tokens[i]);
    if (skipped > 0.6) break;
  }
  // Behind: only if nothing that could be refused follows.
  for (let i = from + 1; i < tokens.length && tokens[i]?.clause === clause && i <= to; i += 1) {
    const mask = view.masks[i] as number;
    if ((mask & not) === 0 || (mask & (polite | no)) !== 0) continue;
    const rest = view.masks.slice(i + 1).filter((_, n) => tokens[i + 1 + n]?.clause === clause);
    return (
      !rest.some((other) => (other & (more | contact)) !== 0) &&
      !view.masks.slice(from, i).some((other) => (other & contact) !== 0)
    );
  }
  return false;
}

function permutations(items: readonly number[]): number[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}
