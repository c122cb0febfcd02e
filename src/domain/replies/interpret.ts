// What a sender does with a reply: keywords as configured first, then the reply as people write, as far as the sender's
// policy lets it go.
import { readKeyword, type KeywordReading, type KeywordRule } from './keywords.js';
import { readReply } from './read-reply.js';
import type { ReplyPolicy, ReplyReading } from './reading.js';

export interface Interpretation {
  /** REVIEW: the person's marketing waits until a human has decided. */
  readonly action: KeywordReading['action'] | 'REVIEW';
  readonly keyword: KeywordReading;
  /** Absent if a configured keyword decided, or the sender goes by keywords alone. */
  readonly reading?: ReplyReading;
}

export function interpret(text: string, rules: readonly KeywordRule[], policy: ReplyPolicy): Interpretation {
  const keyword = readKeyword(text, rules);
  const isConfigured = keyword.rule?.action !== undefined && (keyword.rule.keyword ?? '').trim() !== '';
  if (policy.mode === 'keywords' || isConfigured) return { action: keyword.action, keyword };
  const reading = readReply(text, policy);
  if (reading.label === 'opt_out') {
    // The law names a STOP at the beginning; where the rest of the sentence agrees, nobody need look at it.
    const acts = reading.action === 'act' || (keyword.action === 'BLOCK' && reading.action === 'review');
    return { action: acts ? 'BLOCK' : reading.action === 'review' ? 'REVIEW' : keyword.action, keyword, reading };
  }
  // "Stop by at five" begins with STOP and is none.
  if (keyword.builtIn && keyword.action === 'BLOCK') return { action: 'NONE', keyword, reading };
  return { action: keyword.action, keyword, reading };
}
