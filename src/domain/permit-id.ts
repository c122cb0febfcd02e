// Ids of permits, made from what they stand for, so that a retry finds its permit instead of making a second one.
// All are UUIDs of version 8 (RFC 9562: custom); one bit after the variant tells the two ways of making them apart.
import { createHash } from 'node:crypto';

/** Set in ids of numbered permits, clear in ids made from a send key: the two can never be equal. */
const SCOPED_TAG = 0x20;
/** What remains of eight bytes beside the variant (2 bits) and the tag. */
const MOST_ORDINAL = (1n << 61n) - 1n;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The id of the one permit under `sendKey`, the caller's message id or a step's ordinal, in `accountKey`. */
export function permitIdForKey(accountKey: string, sendKey: string): string {
  const bytes = sha256('permit', accountKey, sendKey);
  bytes[8] = ((bytes[8] ?? 0) & 0x1f) | 0x80;
  return toUuid(bytes);
}

/** What the permits of one broadcast, or of one element of a flow, are numbered under. */
export function scopeHash(accountKey: string, scope: string): Buffer {
  return sha256('scope', accountKey, scope);
}

/** The id of permit number `ordinal` under a `scopeHash`. Ids of one scope sort by their ordinal. */
export function permitIdForScoped(scope: Uint8Array, ordinal: bigint): string {
  if (ordinal < 0n || ordinal > MOST_ORDINAL)
    throw new RangeError('the ordinal of a permit is below 0 or above 2^61 - 1');
  if (scope.length < 8) throw new RangeError('the hash of a scope has at least 8 bytes');
  const high = Number(ordinal >> 32n);
  const low = Number(ordinal & 0xffffffffn);
  return (
    `${hex(scope[0])}${hex(scope[1])}${hex(scope[2])}${hex(scope[3])}-${hex(scope[4])}${hex(scope[5])}-` +
    `${hex(((scope[6] ?? 0) & 0x0f) | 0x80)}${hex(scope[7])}-` +
    `${hex((high >>> 24) | 0x80 | SCOPED_TAG)}${hex((high >>> 16) & 0xff)}-${hex((high >>> 8) & 0xff)}${hex(high & 0xff)}` +
    `${hex(low >>> 24)}${hex((low >>> 16) & 0xff)}${hex((low >>> 8) & 0xff)}${hex(low & 0xff)}`
  );
}

/** The id under which `text`, such as a workflow's run or an HTTP request, claims its permits. */
export function claimantFor(text: string): string {
  const bytes = sha256('claimant', '', text);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return toUuid(bytes);
}

/** Account keys hold no NUL, so no two pairs give one input. */
function sha256(purpose: string, accountKey: string, text: string): Buffer {
  return createHash('sha256').update(`${purpose}\0${accountKey}\0${text}`).digest();
}

function toUuid(bytes: Buffer): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  const text = bytes.toString('hex', 0, 16);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

const hex = (byte: number | undefined): string => HEX[byte ?? 0] ?? '00';
