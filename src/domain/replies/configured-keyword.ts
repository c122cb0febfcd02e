// A keyword as an operator sets it up, checked and brought to the one form it is stored in.
import { SENDING_CHANNELS, type SendingChannel } from '../channel.js';
import { windowViolations, type DeliveryWindow } from '../delivery-window.js';
import { InvalidInputError, type Violation } from '../errors.js';
import type { Level } from '../scope.js';
import { webhookUrlProblem } from '../webhook-url.js';
import { DEFAULT_LEVEL, type Forwarding } from './keywords.js';
import { firstWords } from './words.js';

export interface KeywordInput {
  readonly channel?: SendingChannel;
  readonly sender?: string;
  /** Absent or empty: the catch-all. */
  readonly keyword?: string;
  /** Absent: the keyword only answers or marks the reply. */
  readonly action?: 'BLOCK' | 'UNBLOCK';
  readonly level?: Level;
  readonly autoResponse?: string;
  readonly autoResponseSender?: string;
  readonly autoResponseWindow?: DeliveryWindow;
  readonly forwarding?: Forwarding;
  /** Of the account's own systems: kept and told, without effect here. */
  readonly username?: string;
  readonly platform?: { readonly applicationId?: string; readonly entityId?: string };
}

/** Limits of the product's keyword API. */
const LONGEST_KEYWORD = 50;
const LONGEST_RESPONSE = 1080;
const LONGEST_SENDER = 255;
const LEVELS: readonly string[] = ['FROM_ANY_SENDER', 'FROM_SENDER'] satisfies Level[];

/** @throws InvalidInputError naming everything that is wrong. */
export function checkKeyword(input: KeywordInput): KeywordInput {
  const violations: Violation[] = [];
  const must = (isFine: boolean, path: string, message: string): void => {
    if (!isFine) violations.push({ path, message });
  };
  const keyword = canonicalKeyword(input.keyword ?? '');
  must(
    input.channel === undefined || SENDING_CHANNELS.includes(input.channel),
    'channel',
    `must be one of ${SENDING_CHANNELS.join(', ')}`,
  );
  must(
    input.sender === undefined || (input.sender.trim() !== '' && input.sender.length <= LONGEST_SENDER),
    'sender',
    `must have 1 to ${LONGEST_SENDER} characters`,
  );
  must(keyword.length <= LONGEST_KEYWORD, 'keyword', `must have at most ${LONGEST_KEYWORD} characters`);
  must(
    input.action === undefined || input.action === 'BLOCK' || input.action === 'UNBLOCK',
    'action',
    'must be BLOCK or UNBLOCK',
  );
  must(input.level === undefined || LEVELS.includes(input.level), 'level', `must be one of ${LEVELS.join(', ')}`);
  must(input.level === undefined || input.action !== undefined, 'level', 'needs an action');
  must(
    (input.autoResponse ?? '').length <= LONGEST_RESPONSE,
    'autoResponse',
    `must have at most ${LONGEST_RESPONSE} characters`,
  );
  must(
    input.autoResponse !== undefined || (input.autoResponseSender ?? input.autoResponseWindow) === undefined,
    'autoResponse',
    'is needed for its sender and window',
  );
  if (input.autoResponseWindow !== undefined) {
    violations.push(...windowViolations(input.autoResponseWindow, 'autoResponse.deliveryTimeWindow'));
  }
  const problem = input.forwarding === undefined ? undefined : webhookUrlProblem(input.forwarding.url);
  must(problem === undefined, 'forwarding.url', problem ?? '');
  if (violations.length > 0) throw new InvalidInputError(violations);
  const { keyword: _raw, level: _level, autoResponse, ...scope } = input;
  return {
    ...scope,
    ...(keyword === '' ? {} : { keyword }),
    ...(input.action === undefined ? {} : { level: input.level ?? DEFAULT_LEVEL }),
    ...(autoResponse === undefined || autoResponse === '' ? {} : { autoResponse }),
  };
}

/** Words in upper case with one space between; a keyword without letters, such as an emoji, as it is. */
function canonicalKeyword(raw: string): string {
  // More would be refused by its length anyway, whatever it holds.
  const text = raw.trim().slice(0, 4 * LONGEST_KEYWORD);
  const words = firstWords(text, LONGEST_KEYWORD + 1);
  return words.length === 0 ? text : words.map((word) => word.upper).join(' ');
}
