// What a destination is, and the exact form under which it is known. The fast path for programs: HTTP, webhooks,
// broadcasts. Human input (CLI, files, web page) goes through human-destinations.ts. Must not know countries.
import { domainToASCII, domainToUnicode } from 'node:url';
import { isEmailChannel, type EntryChannel } from './channel.js';
import { BLANK, caseFold, foldDigits } from './unicode.js';

/**
 * Stored with the database: a program with another version could know people under other keys, so it is refused.
 * Change it whenever anything here, or the phone library, gives another key for any input; test/destinations.test.ts
 * holds the corpus that tells.
 */
export const NORMALISER_VERSION = '1';

export type DestinationKind = 'phone' | 'email' | 'domain';

/** A normalised phone number (E.164 digits, no plus), e-mail address, or e-mail domain. */
export interface Destination {
  readonly kind: DestinationKind;
  readonly value: string;
}

/** Why something is not a destination. */
export type DestinationProblem = keyof typeof DESTINATION_PROBLEMS;

/** What to tell the caller. None of these can contain what was typed. */
export const DESTINATION_PROBLEMS = {
  EMPTY: 'the destination is empty',
  TOO_SHORT: 'a phone number has at least 5 digits in international form',
  TOO_LONG: 'the destination is too long: a phone number has at most 15 digits, an e-mail address at most 254 bytes',
  NOT_DIGITS: 'a phone number here consists of digits only, after an optional plus or 00 and spaces',
  NATIONAL_FORMAT: 'the number starts with a national 0: give it in international form, with its country code',
  COUNTRY_NEEDED: 'the number has no country code: start it with a plus, or name a default country',
  IMPOSSIBLE_NUMBER: 'no number of that country has this length or beginning',
  NOT_EMAIL: 'an e-mail address has the form name@domain, without spaces, quotes or brackets',
  NOT_DOMAIN: 'an e-mail domain has at least two labels of letters, digits and hyphens, such as example.com',
} as const;

export type DestinationResult =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly reason: DestinationProblem };

/** Longer input is refused before any work is done on it. */
const LONGEST_INPUT = 1024;
const FEWEST_DIGITS = 5;
const MOST_DIGITS = 15;

/** RFC 5321 4.5.3.1, in bytes: the local part, and a whole address that fits a path. */
const LOCAL_PART_BYTES = 64;
const ADDRESS_BYTES = 254;
const DOMAIN_BYTES = 253;
/** Specials of RFC 5322 would need quotes, and a quoted name is a second spelling of a plain one. */
const NOT_IN_LOCAL_PART = /[\p{C}\p{Z}\s"(),:;<>@[\\\]]/u;
const PLAIN_EMAIL = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]+$/;
const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What may stand in an international domain before IDNA; keeps URL syntax (`%41`, `/`, `?`) out of the URL parser. */
const INTERNATIONAL_HOST = /^[\p{L}\p{M}\p{N}\p{So}\p{Default_Ignorable_Code_Point}\-.。．｡]+$/u;

/**
 * The destination that `raw` names on `channel`: an e-mail address on EMAIL, else a phone number in international
 * digits. Strips a plus, spaces and a leading 00; accepts 5 to 15 digits, assigned or not; never adds a country.
 */
export function normaliseAtTheDoor(raw: string, channel: EntryChannel): DestinationResult {
  return isEmailChannel(channel) ? normaliseEmail(raw) : normalisePhone(raw);
}

/**
 * The destination an entry may name: as at the door, and an e-mail domain (`example.com` or `@example.com`) too.
 * Without a channel the form decides.
 */
export function normaliseForEntry(raw: string, channel?: EntryChannel): DestinationResult {
  const at = raw.lastIndexOf('@');
  const isPhone =
    channel === undefined ? at < 0 && !/\p{L}/u.test(raw.slice(0, LONGEST_INPUT)) : !isEmailChannel(channel);
  if (isPhone) return normalisePhone(raw);
  return at < 0 || raw.slice(0, at).replace(BLANK, '') === '' ? normaliseDomain(raw) : normaliseEmail(raw);
}

/** The domain of a normalised e-mail address. */
export function emailDomain(value: string): string {
  return value.slice(value.lastIndexOf('@') + 1);
}

/** International digits: what providers, APIs and webhooks speak. */
export function normalisePhone(raw: string): DestinationResult {
  const digits = isCanonicalPhone(raw) ? raw : stripPhone(raw);
  if (digits === undefined) return { ok: false, reason: raw.length > LONGEST_INPUT ? 'TOO_LONG' : 'NOT_DIGITS' };
  if (digits === '') return { ok: false, reason: 'EMPTY' };
  // No country code begins with 0, so the number could not be reached; kept, it would be a second, useless key.
  if (digits.startsWith('0')) return { ok: false, reason: 'NATIONAL_FORMAT' };
  if (digits.length < FEWEST_DIGITS) return { ok: false, reason: 'TOO_SHORT' };
  if (digits.length > MOST_DIGITS) return { ok: false, reason: 'TOO_LONG' };
  return { ok: true, destination: { kind: 'phone', value: digits } };
}

/** An e-mail address: trimmed, local part case-folded, domain lower-cased and in its ASCII (IDNA) form. */
export function normaliseEmail(raw: string): DestinationResult {
  const text = trimmed(raw);
  if (text === undefined) return { ok: false, reason: 'TOO_LONG' };
  if (text === '') return { ok: false, reason: 'EMPTY' };
  const at = text.lastIndexOf('@');
  const local = caseFold(text.slice(0, Math.max(at, 0)));
  if (local === '' || (!PLAIN_EMAIL.test(local) && NOT_IN_LOCAL_PART.test(local)))
    return { ok: false, reason: 'NOT_EMAIL' };
  const domain = asciiDomain(text.slice(at + 1));
  if (domain === undefined) return { ok: false, reason: 'NOT_EMAIL' };
  const value = `${local}@${domain}`;
  if (Buffer.byteLength(local) > LOCAL_PART_BYTES || Buffer.byteLength(value) > ADDRESS_BYTES) {
    return { ok: false, reason: 'TOO_LONG' };
  }
  return { ok: true, destination: { kind: 'email', value } };
}

/** A whole e-mail domain, with or without the `@` before it. */
export function normaliseDomain(raw: string): DestinationResult {
  const text = trimmed(raw);
  if (text === undefined) return { ok: false, reason: 'TOO_LONG' };
  const name = text.startsWith('@') ? text.slice(1) : text;
  if (name === '') return { ok: false, reason: 'EMPTY' };
  const value = asciiDomain(name);
  return value === undefined
    ? { ok: false, reason: 'NOT_DOMAIN' }
    : { ok: true, destination: { kind: 'domain', value } };
}

/** The form stored already and the one programs send: answered without allocating anything. */
function isCanonicalPhone(raw: string): boolean {
  if (raw.length < FEWEST_DIGITS || raw.length > MOST_DIGITS || raw.charCodeAt(0) === 48) return false;
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return true;
}

function stripPhone(raw: string): string | undefined {
  if (raw.length > LONGEST_INPUT) return undefined;
  const digits = foldDigits(raw.replace(BLANK, ''))
    .replace(/^[+＋﹢]/, '')
    .replace(/^00/, '');
  return /^[0-9]*$/.test(digits) ? digits : undefined;
}

function trimmed(raw: string): string | undefined {
  if (raw.length > LONGEST_INPUT) return undefined;
  return raw.replace(/^[\p{Z}\s\p{Cf}]+|[\p{Z}\s\p{Cf}]+$/gu, '');
}

/** The one ASCII spelling of a domain, or nothing if it is none. */
function asciiDomain(name: string): string | undefined {
  // Lower case first: Unicode 15.1 changed what IDNA makes of a capital ẞ, and two Node versions must agree.
  const lower = name.toLowerCase().replace(/[.。．｡]$/u, '');
  const ascii = HOST.test(lower) && !lower.includes('xn--') ? lower : internationalDomain(lower);
  if (ascii === undefined || ascii.length > DOMAIN_BYTES) return undefined;
  // A last label of digits is an IP address, which has other spellings.
  return /\.[0-9]+$/.test(ascii) ? undefined : ascii;
}

function internationalDomain(lower: string): string | undefined {
  if (!INTERNATIONAL_HOST.test(lower)) return undefined;
  const ascii = domainToASCII(lower);
  // A label that decodes to something with another encoding would be a second key for one domain.
  return HOST.test(ascii) && domainToASCII(domainToUnicode(ascii)) === ascii ? ascii : undefined;
}
