// How senders are compared. They are kept as given; `+10950`, `10 950` and `10950` are still one sender.
import { BLANK, caseFold, foldDigits } from './unicode.js';

/** A number this long may carry the international 00; a shorter one is a short code, where it belongs to the code. */
const SHORTEST_WITH_PREFIX = 7;

/** The key a sender matches on: its digits if it is a number, its case-folded text otherwise. */
export function senderKey(sender: string): string {
  let digits = foldDigits(sender.replace(BLANK, '').replace(/^[+＋﹢]/, ''));
  if (!/^[0-9]+$/.test(digits)) return textKey(mailbox(sender));
  while (digits.length >= SHORTEST_WITH_PREFIX && digits.startsWith('00')) digits = digits.slice(2);
  return digits;
}

/** Folding can undo composition and the reverse, hence the second pass. */
function textKey(text: string): string {
  return caseFold(text.normalize('NFKC')).normalize('NFKC').replace(BLANK, ' ').trim();
}

/** `Shop <news@shop.example>` sends from the same address as `news@shop.example`. */
function mailbox(sender: string): string {
  return /<([^<>\s]+@[^<>\s]+)>\s*$/.exec(sender)?.[1] ?? sender;
}
