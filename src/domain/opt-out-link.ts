// The token in an opt-out link. It carries everything the opt-out needs, so it outlives purged sends, and holds no
// destination. 57 bytes: a version, the payload, and an HMAC over both; 76 characters in a URL, in one spelling only.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ENTRY_CHANNELS, type EntryChannel } from './channel.js';
import { InvalidInputError, type Violation } from './errors.js';
import type { Level } from './scope.js';

export interface OptOutLink {
  /** The message the link stands in. */
  readonly permitId: string;
  /** Decimal id of the contact point. */
  readonly contactId: string;
  readonly accountId: number;
  readonly channel: EntryChannel;
  readonly senderId: number;
  readonly campaignId?: number;
  readonly level: Level;
  /** Day the link was made, see `dayNumber`. */
  readonly issuedDay: number;
}

export type OptOutLinkReading =
  /** Expired or not, the person may opt out by it; an expired one should not count for anything else. */
  | { readonly kind: 'valid'; readonly payload: OptOutLink; readonly expired: boolean }
  /** Cut off, lengthened or mangled on the way. */
  | { readonly kind: 'malformed' }
  /** Of a version this program does not know. */
  | { readonly kind: 'unknownVersion' }
  /** Not signed by any of the keys. */
  | { readonly kind: 'forged' };

/** Opt-out links stay valid at least a year; this leaves room for a message read late. */
export const LINK_VALID_DAYS = 400;

const VERSION = 1;
const SIGNED_BYTES = 41;
const MAC_BYTES = 16;
const TOKEN = /^[A-Za-z0-9_-]{76}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Wire format: a code is never given to another channel or level. */
const CHANNEL_CODES: Readonly<Record<EntryChannel, number>> = {
  SMS: 1,
  MMS: 2,
  VIBER: 3,
  RCS: 4,
  EMAIL: 5,
  WHATSAPP: 6,
  APPLE_MB: 7,
  VOICE_OUTBOUND_TTS: 8,
  NEW_PUSH_NOTIF: 9,
};
const LEVEL_CODES: Readonly<Record<Level, number>> = { FROM_ANY_SENDER: 1, FROM_SENDER: 2 };

/** Days since 1970 in UTC: what `issuedDay` and `nowDay` count. */
export function dayNumber(at: Date): number {
  return Math.floor(at.getTime() / 86_400_000);
}

/** The token that carries `link`, signed with `key`. */
export function signOptOutLink(key: Buffer, link: OptOutLink): string {
  const violations = linkViolations(link);
  if (violations.length > 0) throw new InvalidInputError(violations);
  const bytes = Buffer.alloc(SIGNED_BYTES + MAC_BYTES);
  bytes.writeUInt8(VERSION, 0);
  bytes.write(link.permitId.replaceAll('-', ''), 1, 'hex');
  bytes.writeBigUInt64BE(BigInt(link.contactId), 17);
  bytes.writeUInt32BE(link.accountId, 25);
  bytes.writeUInt8(CHANNEL_CODES[link.channel], 29);
  bytes.writeUInt32BE(link.senderId, 30);
  bytes.writeUInt32BE(link.campaignId ?? 0, 34);
  bytes.writeUInt8(LEVEL_CODES[link.level], 38);
  bytes.writeUInt16BE(link.issuedDay, 39);
  mac(key, bytes.subarray(0, SIGNED_BYTES)).copy(bytes, SIGNED_BYTES);
  return bytes.toString('base64url');
}

/**
 * What `token` says, if one of `keys` signed it (the newest first; old ones stay in the list while their links live).
 * `nowDay` is today's `dayNumber`.
 */
export function readOptOutLink(
  keys: readonly Buffer[],
  token: string,
  { nowDay, validDays = LINK_VALID_DAYS }: { readonly nowDay: number; readonly validDays?: number },
): OptOutLinkReading {
  if (!TOKEN.test(token)) return { kind: 'malformed' };
  const bytes = Buffer.from(token, 'base64url');
  if (bytes[0] !== VERSION) return { kind: 'unknownVersion' };
  const signed = bytes.subarray(0, SIGNED_BYTES);
  const given = bytes.subarray(SIGNED_BYTES);
  if (!keys.some((key) => timingSafeEqual(mac(key, signed), given))) return { kind: 'forged' };
  const payload = decode(bytes);
  if (payload === undefined) return { kind: 'unknownVersion' };
  return { kind: 'valid', payload, expired: nowDay - payload.issuedDay > validDays };
}

function decode(bytes: Buffer): OptOutLink | undefined {
  const channelCode = bytes.readUInt8(29);
  const channel = ENTRY_CHANNELS.find((name) => CHANNEL_CODES[name] === channelCode);
  const levelCode = bytes.readUInt8(38);
  const level = (['FROM_ANY_SENDER', 'FROM_SENDER'] as const).find((name) => LEVEL_CODES[name] === levelCode);
  if (channel === undefined || level === undefined) return undefined;
  const id = bytes.toString('hex', 1, 17);
  const campaignId = bytes.readUInt32BE(34);
  return {
    permitId: `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`,
    contactId: bytes.readBigUInt64BE(17).toString(),
    accountId: bytes.readUInt32BE(25),
    channel,
    senderId: bytes.readUInt32BE(30),
    ...(campaignId === 0 ? {} : { campaignId }),
    level,
    issuedDay: bytes.readUInt16BE(39),
  };
}

/** The prefix keeps anything else that is ever signed with this key from passing as a link. */
function mac(key: Buffer, signed: Buffer): Buffer {
  return createHmac('sha256', key)
    .update('temporal-blocklist opt-out link\0')
    .update(signed)
    .digest()
    .subarray(0, MAC_BYTES);
}

function linkViolations(link: OptOutLink): Violation[] {
  const violations: Violation[] = [];
  const require = (isGood: boolean, path: string, message: string): void => {
    if (!isGood) violations.push({ path, message });
  };
  const isUint = (value: number, most: number): boolean => Number.isInteger(value) && value >= 0 && value <= most;
  require(UUID.test(link.permitId), 'permitId', 'must be a UUID in lower case');
  require(/^\d{1,19}$/.test(link.contactId), 'contactId', 'must be a decimal id');
  require(isUint(link.accountId, 0xffffffff), 'accountId', 'must fit 32 bits');
  require(isUint(link.senderId, 0xffffffff), 'senderId', 'must fit 32 bits');
  require(link.campaignId === undefined ||
    (link.campaignId > 0 && isUint(link.campaignId, 0xffffffff)), 'campaignId', 'must be above 0 and fit 32 bits');
  require(Object.hasOwn(CHANNEL_CODES, link.channel), 'channel', 'must be a channel');
  require(Object.hasOwn(LEVEL_CODES, link.level), 'level', 'must be a level');
  require(isUint(link.issuedDay, 0xffff), 'issuedDay', 'must be days since 1970');
  return violations;
}
