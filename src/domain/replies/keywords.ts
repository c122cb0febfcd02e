// What a reply means by its first word. Configured keywords first, then the words that the rules of the US name as
// enough to opt out, then the catch-all. Pure and linear in the text, whatever the text is.
import type { DeliveryWindow } from '../delivery-window.js';
import type { Level } from '../scope.js';
import { firstWords, type Word } from './words.js';

/** One keyword set up for a sender and channel. */
export interface KeywordRule {
  readonly id?: string;
  /** Absent or null: the catch-all, tried last. */
  readonly keyword?: string | null;
  /** Absent: the rule only answers or marks the reply. On a built-in word the built-in meaning then stays. */
  readonly action?: 'BLOCK' | 'UNBLOCK';
  readonly level?: Level;
  readonly autoResponse?: string;
  /** Absent: the number that the reply came to. */
  readonly autoResponseSender?: string;
  readonly autoResponseWindow?: DeliveryWindow;
  readonly forwarding?: Forwarding;
}

/** Replies with this keyword are posted to an address of the account's own. */
export interface Forwarding {
  readonly url: string;
  /** The product's name for the shape of the body, such as `MO_JSON_2`. */
  readonly format: string;
}

export interface KeywordReading {
  readonly action: 'BLOCK' | 'UNBLOCK' | 'HELP' | 'NONE';
  /** First word in upper case, without the punctuation around it; empty if there is no word. */
  readonly keyword: string;
  /** The text after the keyword, as it was written. */
  readonly cleanText: string;
  readonly level: Level;
  /** The configured rule that matched, for its automatic answer. */
  readonly rule?: KeywordRule;
  /** True if the action comes from the built-in words. */
  readonly builtIn: boolean;
}

type BuiltInAction = 'BLOCK' | 'UNBLOCK' | 'HELP';

/** Enough as the first word, whatever follows. Source: 47 CFR 64.1200(a)(10) and the common practice of carriers. */
export const STOP_FAMILY = ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'OPTOUT', 'OPT OUT'] as const;
/** Everyday words otherwise, so they count only as the whole message. */
export const WHOLE_MESSAGE_STOP = ['END', 'CANCEL', 'QUIT', 'REMOVE', 'REVOKE'] as const;
/** Coming back must be as plain as can be: "Start with the invoice" is no consent. YES is one only if configured. */
export const WHOLE_MESSAGE_START = ['START', 'UNSTOP'] as const;
export const WHOLE_MESSAGE_HELP = ['HELP', 'INFO'] as const;

/** A STOP that says nothing else means everything: too wide an opt-out can be lifted, a message cannot be taken back. */
export const DEFAULT_LEVEL: Level = 'FROM_ANY_SENDER';

const STOP_KEYS = new Set<string>(STOP_FAMILY.map((word) => word.toLowerCase()));
const WHOLE: ReadonlyMap<string, BuiltInAction> = new Map([
  ...WHOLE_MESSAGE_STOP.map((word): [string, BuiltInAction] => [word.toLowerCase(), 'BLOCK']),
  ...WHOLE_MESSAGE_START.map((word): [string, BuiltInAction] => [word.toLowerCase(), 'UNBLOCK']),
  ...WHOLE_MESSAGE_HELP.map((word): [string, BuiltInAction] => [word.toLowerCase(), 'HELP']),
]);
/** The longest configured keyword has 50 characters, so no more than 25 words. */
const MOST_WORDS = 26;
const LONGEST_SYMBOL = 50;

/** What matched, and how much of the text it took. */
interface Match<T> {
  readonly value: T;
  readonly words: number;
  readonly end: number;
  /** A keyword without letters. */
  readonly symbol?: string;
}

/** What `text` asks for, given the keywords configured for the sender and channel it came in on. */
export function readKeyword(text: string, configured: readonly KeywordRule[] = []): KeywordReading {
  const words = firstWords(text, MOST_WORDS);
  const builtIn = readBuiltIn(words);
  const exact = readConfigured(words, text, configured);
  const chosen = choose(builtIn, exact, configured);
  const isBuiltIn = builtIn !== undefined && chosen?.action === undefined;
  const used = chosen !== undefined && chosen === exact?.value ? exact : undefined;
  const end = Math.max(used?.end ?? 0, builtIn?.end ?? 0) || (words[0]?.end ?? 0);
  return {
    action: isBuiltIn ? builtIn.value : (chosen?.action ?? 'NONE'),
    keyword: used?.symbol ?? words[0]?.upper ?? '',
    cleanText: text
      .slice(end)
      .replace(/^[\s.,:;!?]+/u, '')
      .trimEnd(),
    level: chosen?.level ?? DEFAULT_LEVEL,
    ...(chosen === undefined ? {} : { rule: chosen }),
    builtIn: isBuiltIn,
  };
}

/**
 * Configured words win over built-in ones and the catch-all comes last, but a STOP is never turned into something
 * else by a rule for fewer words than it has ("OPT" against "opt out"), nor by the catch-all.
 */
function choose(
  builtIn: Match<BuiltInAction> | undefined,
  exact: Match<KeywordRule> | undefined,
  configured: readonly KeywordRule[],
): KeywordRule | undefined {
  if (exact !== undefined) {
    const swallowsStop = builtIn?.value === 'BLOCK' && exact.value.action !== 'BLOCK' && exact.words < builtIn.words;
    return swallowsStop ? undefined : exact.value;
  }
  return builtIn === undefined ? configured.find(isCatchAll) : undefined;
}

/** The rule for whatever no other rule is for. */
export function isCatchAll(rule: KeywordRule): boolean {
  return rule.keyword === undefined || rule.keyword === null || rule.keyword.trim() === '';
}

function readBuiltIn(words: readonly Word[]): Match<BuiltInAction> | undefined {
  const [first, second] = words;
  if (first === undefined) return undefined;
  // "stop-it" says stop, and "un-subscribe" is unsubscribe.
  if (STOP_KEYS.has(first.joined) || STOP_KEYS.has(first.head)) return { value: 'BLOCK', words: 1, end: first.end };
  if (second !== undefined && STOP_KEYS.has(`${first.joined} ${second.head}`)) {
    return { value: 'BLOCK', words: 2, end: second.end };
  }
  const action = second === undefined ? WHOLE.get(first.joined) : undefined;
  return action === undefined ? undefined : { value: action, words: 1, end: first.end };
}

/** The rule whose words begin the text; of several the longest, and of equals the first. */
function readConfigured(
  words: readonly Word[],
  text: string,
  rules: readonly KeywordRule[],
): Match<KeywordRule> | undefined {
  let best: Match<KeywordRule> | undefined;
  for (const rule of rules) {
    if (isCatchAll(rule)) continue;
    const match = matchRule(words, text, rule);
    if (match !== undefined && (best === undefined || match.words > best.words)) best = match;
  }
  return best;
}

function matchRule(words: readonly Word[], text: string, rule: KeywordRule): Match<KeywordRule> | undefined {
  const keyword = rule.keyword ?? '';
  const wanted = firstWords(keyword, MOST_WORDS);
  const last = words[wanted.length - 1];
  if (wanted.length > 0) {
    const isMatch = last !== undefined && wanted.every((word, i) => word.joined === words[i]?.joined);
    return isMatch ? { value: rule, words: wanted.length, end: last.end } : undefined;
  }
  // A keyword without letters, such as a thumb: the text begins with just that.
  const symbol = keyword.trim().slice(0, LONGEST_SYMBOL);
  const from = text.length - text.trimStart().length;
  const rest = text.slice(from, from + symbol.length + 1);
  const isMatch = rest.startsWith(symbol) && /^(?:\s|$)/u.test(rest.slice(symbol.length));
  return isMatch ? { value: rule, words: 0, end: from + symbol.length, symbol } : undefined;
}
