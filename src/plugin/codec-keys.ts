// The keys that payloads are encrypted with, as they stand in BLOCKLIST_CODEC_KEY.
import { BlocklistError } from '../domain/errors.js';

export interface CodecKey {
  /** Stands in clear text beside every payload it encrypted. */
  readonly id: string;
  /** 32 bytes, for AES-256. */
  readonly secret: Uint8Array;
}

const KEY_ID = /^[A-Za-z0-9._-]{1,64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=?$/;

/**
 * Read `keyId:base64(32 bytes)`, several parted by commas: the first encrypts, all decrypt. To rotate, put a new key in
 * front and keep the old ones as long as histories of theirs are kept. Nothing or an empty text: no keys.
 *
 * @throws BlocklistError `CONFIGURATION`; it names the position, never a key.
 */
export function parseCodecKeys(text: string | undefined): readonly CodecKey[] {
  if (text === undefined || text.trim() === '') return [];
  const keys = text.split(',').map((part, index) => parseKey(part.trim(), index + 1));
  const repeated = keys.find((key, index) => keys.findIndex(({ id }) => id === key.id) !== index);
  if (repeated !== undefined) throw invalid(`the key id ${repeated.id} stands there twice`);
  return keys;
}

function parseKey(part: string, position: number): CodecKey {
  const colon = part.indexOf(':');
  const id = part.slice(0, colon);
  const secret = part.slice(colon + 1);
  if (colon < 0 || !KEY_ID.test(id)) {
    throw invalid(`entry ${position} does not begin with a key id (1 to 64 of A-Z a-z 0-9 . _ -) and a colon`);
  }
  if (!BASE64.test(secret)) throw invalid(`the key of entry ${position} (${id}) is not the base64 form of 32 bytes`);
  return { id, secret: Buffer.from(secret, 'base64') };
}

function invalid(what: string): BlocklistError {
  return new BlocklistError(
    'CONFIGURATION',
    `BLOCKLIST_CODEC_KEY: ${what}. Expected keyId:base64(32 bytes), several parted by commas; ` +
      '`openssl rand -base64 32` makes a key',
  );
}
