// What a reply was read as, and what a sender lets be done with it.

export type ReplyLabel = 'opt_out' | 'opt_in' | 'help' | 'other';
export type ReplyAction = 'act' | 'review' | 'none';

/** What decided. Stable: counted in reports and kept in the ledger. */
export type ReplyReason =
  /** A keyword and nothing but politeness around it. */
  | 'keyword'
  /** The first or last word, or one in capitals, with more around it. */
  | 'keyword_in_text'
  /** One slip of the finger from a keyword. */
  | 'slip'
  /** A sign such as 🛑. */
  | 'sign'
  /** A sentence with a verb and an object that is us. */
  | 'sentence'
  /** An idiom. */
  | 'idiom'
  /** It says not to stop. */
  | 'negated'
  /** It holds a word that opts out, but means something else. */
  | 'other_meaning'
  /** A phone wrote it: a reaction to our message, or an automatic answer. */
  | 'reaction'
  | 'automatic'
  | 'no_words'
  | 'no_request';

export interface ReplyReading {
  readonly label: ReplyLabel;
  readonly action: ReplyAction;
  readonly reason: ReplyReason;
  /** The words that decided, as they were written. */
  readonly words: readonly string[];
  /** ISO 639, of the words that decided; `und` if nothing did. */
  readonly language: string;
  /** 0 to 1: how sure the label is. */
  readonly confidence: number;
}

/** How far readings of plain words may go. */
export const REPLY_MODES = ['keywords', 'phrases to review', 'phrases at once'] as const;
export type ReplyMode = (typeof REPLY_MODES)[number];

export interface ReplyPolicy {
  readonly mode: ReplyMode;
  /** At this confidence and above an opt-out is acted on at once. */
  readonly actAt: number;
  /** At this confidence and above it waits for a human; below, nothing is done. */
  readonly reviewAt: number;
}

export const DEFAULT_POLICY: ReplyPolicy = { mode: 'phrases to review', actAt: 0.9, reviewAt: 0.5 };
/** The recogniser's own grading: what a reading is worth if nobody has said how careful to be. */
export const OWN_GRADING: ReplyPolicy = { ...DEFAULT_POLICY, mode: 'phrases at once' };

const EXACT: ReadonlySet<ReplyReason> = new Set(['keyword', 'keyword_in_text', 'slip']);

/**
 * What to do with a reading. Only opt-outs go to review: coming back must be as plain as can be, so it is a whole
 * keyword or nothing; and help changes nothing.
 */
export function actionFor(
  reading: Pick<ReplyReading, 'label' | 'reason' | 'confidence'>,
  policy: ReplyPolicy,
): ReplyAction {
  const { label, reason, confidence } = reading;
  if (label === 'opt_in') return reason === 'keyword' && confidence >= 0.95 ? 'act' : 'none';
  if (label !== 'opt_out') return 'none';
  if (policy.mode === 'keywords') return reason === 'keyword' && confidence >= 0.95 ? 'act' : 'none';
  if (confidence < policy.reviewAt) return 'none';
  const isCertain = confidence >= policy.actAt;
  return isCertain && (policy.mode === 'phrases at once' || EXACT.has(reason)) ? 'act' : 'review';
}
