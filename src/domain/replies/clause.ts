// What stands around a request in its clause: unknown words, conditions, things that are not ours.
import { CONCEPT } from './language.js';
import { isKnownWord } from './lexicon.js';
import type { Token } from './tokens.js';

/** One language's view of a text: for each word the concepts it stands for; 0 for a word that means nothing here. */
export interface View {
  readonly language: number;
  /** See {@link Language.isTight}. */
  readonly isTight: boolean;
  readonly masks: Uint32Array;
  /** Idioms, longest first where they overlap. */
  readonly idioms: readonly { readonly from: number; readonly to: number; readonly concept: number }[];
}

const { message, things, unless } = CONCEPT;
const GLUED_WEIGHT = 0.27;
const TIGHT_WEIGHT = 0.55;
/** Another thing named in the same breath turns all but the plainest requests away from us. */
const OTHER_THING = 0.44;

/** How much of a word an unknown token is. */
export const weightOf = (view: View, token: Token | undefined): number =>
  token?.glued !== true ? 1 : view.isTight ? TIGHT_WEIGHT : GLUED_WEIGHT;

/** How far a thing that we do not send, named in the clause, turns a request away from us. */
export function otherThing(view: View, tokens: readonly Token[], at: number): number {
  const clause = tokens[at]?.clause;
  let isMessage = false;
  for (let i = 0; i < tokens.length; i += 1) {
    const mask = view.masks[i] as number;
    if (tokens[i]?.clause !== clause) continue;
    // "Messages about my order" are ours, "the invoice by mail" is not.
    if ((mask & things) !== 0 && (mask & message) === 0) return isMessage ? OTHER_THING / 4 : OTHER_THING;
    if ((mask & message) !== 0) isMessage = true;
  }
  return 0;
}

/** A time, a place or another way is named, in this part of the sentence or the next. */
export function isConditional(view: View, tokens: readonly Token[], at: number): boolean {
  const clause = tokens[at]?.clause ?? 0;
  return tokens.some(
    (token, i) => token.clause >= clause && token.clause <= clause + 1 && ((view.masks[i] as number) & unless) !== 0,
  );
}

/** How many words of the clause nobody knows: what they add to an idiom may change it. */
export function unknownAround(view: View, tokens: readonly Token[], from: number, to: number): number {
  const clause = tokens[from]?.clause;
  let unknown = 0;
  for (let i = 0; i < tokens.length; i += 1) {
    const token = tokens[i] as Token;
    if (token.clause !== clause || view.masks[i] !== 0) continue;
    if (i >= from && i < to && isKnownWord(token.text)) continue;
    unknown += weightOf(view, token);
  }
  return unknown;
}
