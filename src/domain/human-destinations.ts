// Destinations as people write them: numbers with brackets, dashes and a national 0, in the CLI, files and the web page.
// The only place that knows countries. Whatever is written in international form gets the same key as at the door.
import {
  parsePhoneNumberFromString,
  isSupportedCountry,
  type CountryCode,
  type PhoneNumber,
} from 'libphonenumber-js/min';
import { isEmailChannel, type EntryChannel } from './channel.js';
import {
  normaliseDomain,
  normaliseEmail,
  normalisePhone,
  type DestinationKind,
  type DestinationProblem,
  type DestinationResult,
} from './destinations.js';
import { InvalidInputError } from './errors.js';
import { BLANK, foldDigits } from './unicode.js';

export interface HumanInput {
  /** The channel the destination is meant for; decides between number and address. */
  readonly channel?: EntryChannel;
  /** What the text must be; wins over `channel`. Without either the form decides. */
  readonly kind?: DestinationKind;
  /** True for an entry, which may name a whole e-mail domain even on EMAIL; a message may not. */
  readonly isEntry?: boolean;
  /** ISO 3166 code (`HR`) of numbers that carry no country code. */
  readonly defaultCountry?: string;
}

/** Longer than any number with its punctuation; keeps absurd input away from the phone library. */
const LONGEST_NUMBER = 64;
const PUNCTUATION = /[-.()/\p{Pd}·•⁄∕\u2212]/gu;

/** The destination a person meant by `raw`. */
export function normaliseHuman(raw: string, input: HumanInput = {}): DestinationResult {
  switch (input.kind ?? kindOf(raw, input)) {
    case 'domain':
      return normaliseDomain(raw);
    case 'email':
      return normaliseEmail(raw);
    case 'phone':
      return normaliseHumanPhone(raw, countryOf(input.defaultCountry));
  }
}

function kindOf(raw: string, { channel, isEntry }: HumanInput): DestinationKind {
  if (channel !== undefined && !isEmailChannel(channel)) return 'phone';
  if (channel !== undefined && isEntry !== true) return 'email';
  const head = raw.slice(0, 4 * LONGEST_NUMBER);
  const at = head.lastIndexOf('@');
  if (at >= 0) return head.slice(0, at).replace(BLANK, '') === '' ? 'domain' : 'email';
  if (channel !== undefined) return 'domain';
  return /^[^\s+(]*\.[^\s+(]*$/.test(head.trim()) && /\p{L}/u.test(head) && !/^\s*tel:/i.test(head)
    ? 'domain'
    : 'phone';
}

function countryOf(code: string | undefined): CountryCode | undefined {
  if (code === undefined) return undefined;
  const upper = code.trim().toUpperCase();
  if (isSupportedCountry(upper)) return upper;
  throw new InvalidInputError([{ path: 'defaultCountry', message: 'is no ISO 3166 country code with phone numbers' }]);
}

function normaliseHumanPhone(raw: string, country: CountryCode | undefined): DestinationResult {
  const compact = foldDigits(raw.slice(0, 4 * LONGEST_NUMBER).replace(BLANK, ''))
    .replace(/^tel:/i, '')
    .replace(/^[＋﹢]/, '+');
  if (raw.length > 4 * LONGEST_NUMBER || compact.length > LONGEST_NUMBER) return refuse('TOO_LONG');
  if (compact === '') return refuse('EMPTY');
  const bare = compact.replace(PUNCTUATION, '');
  if (!/^\+?[0-9]+$/.test(bare)) return refuse('NOT_DIGITS');
  const isPunctuated = bare !== compact;
  const digits = bare.replace(/^\+/, '').replace(/^00/, '');
  const isPlain = country === undefined && !isPunctuated;
  if (bare.startsWith('+') || isPlain) return international(digits, isPunctuated);
  if (bare.startsWith('00')) {
    // Some countries dial abroad with more than 00, such as 0011.
    const dialled = country === undefined ? undefined : parsePhoneNumberFromString(bare, { defaultCountry: country });
    return dialled?.isValid() === true ? accept(dialled.number.slice(1)) : international(digits, isPunctuated);
  }
  return country === undefined ? refuse('COUNTRY_NEEDED') : national(bare, country, isPunctuated);
}

/** Written with its country code. Only a prefix that does not belong there, such as the 0 of `+44 (0)20`, is dropped. */
function international(digits: string, isPunctuated: boolean): DestinationResult {
  const parsed = parseInternational(digits);
  if (parsed?.isPossible() === true) {
    const read = parsed.number.slice(1);
    if (read === digits) return accept(digits);
    const isPrefixDropped = read.length < digits.length && (parsed.isValid() || isZeroDropped(digits, read));
    // Of `+44 00 20` one 0 would go now and the other one when the key is read again: two keys for one number.
    if (isPrefixDropped && parseInternational(read)?.number === parsed.number) return accept(read);
  }
  // Unassigned, as far as the library knows. Punctuation then may join two numbers into one; without it, as at the door.
  return isPunctuated ? refuse('IMPOSSIBLE_NUMBER') : normalisePhone(digits);
}

/** Written as at home. The default country goes first; plain digits that cannot be national may be international. */
function national(digits: string, country: CountryCode, isPunctuated: boolean): DestinationResult {
  const parsed = parsePhoneNumberFromString(digits, { defaultCountry: country, extract: false });
  if (parsed?.isValid() === true) return accept(parsed.number.slice(1));
  if (!isPunctuated && !digits.startsWith('0')) {
    const elsewhere = parseInternational(digits);
    if (elsewhere?.isValid() === true && elsewhere.number === `+${digits}`) return accept(digits);
  }
  return parsed?.isPossible() === true ? accept(parsed.number.slice(1)) : refuse('IMPOSSIBLE_NUMBER');
}

function parseInternational(digits: string): PhoneNumber | undefined {
  return parsePhoneNumberFromString(`+${digits}`, { extract: false });
}

/** True if the two differ by one 0 alone: the trunk prefix, which follows a country code of one to three digits. */
function isZeroDropped(digits: string, read: string): boolean {
  return [1, 2, 3].some((at) => digits[at] === '0' && digits.slice(0, at) + digits.slice(at + 1) === read);
}

const accept = (value: string): DestinationResult => normalisePhone(value);
const refuse = (reason: DestinationProblem): DestinationResult => ({ ok: false, reason });
