// Encrypts every payload before it leaves for the Temporal server: AES-256-GCM around the whole payload, metadata included.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { BlocklistError } from '../domain/errors.js';
import type { CodecKey } from './codec-keys.js';

const ENCODING = 'encoding';
/** What Temporal's own samples write, so that their tools recognise it. */
const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const IV_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/**
 * Encrypts with the first key and decrypts with any. Payloads in other encodings pass through, so a codec can be switched
 * on while workflows are running. Random nonces: change the key before it has encrypted 2^32 payloads (NIST SP 800-38D, 8.3).
 */
export class BlocklistCodec implements PayloadCodec {
  readonly #encrypting: CodecKey;
  readonly #byId: ReadonlyMap<string, CodecKey>;

  constructor(keys: readonly CodecKey[]) {
    const [first] = keys;
    if (first === undefined) throw new BlocklistError('CONFIGURATION', 'a codec needs at least one key');
    this.#encrypting = first;
    this.#byId = new Map(keys.map((key) => [key.id, key]));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => encrypt(payload, this.#encrypting));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (textOf(payload, ENCODING) === ENCRYPTED ? this.#decrypt(payload) : payload));
  }

  #decrypt(payload: Payload): Payload {
    const id = textOf(payload, KEY_ID) ?? '';
    const key = this.#byId.get(id);
    if (key === undefined) {
      throw new BlocklistError(
        'CONFIGURATION',
        `a payload was encrypted with the key ${id}, which BLOCKLIST_CODEC_KEY does not list`,
      );
    }
    return decrypt(payload, key);
  }
}

function encrypt(payload: Payload, key: CodecKey): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.secret, iv);
  const sealed = cipher.update(PayloadMessage.encode(payload).finish());
  const data = Buffer.concat([iv, sealed, cipher.final(), cipher.getAuthTag()]);
  return { metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(key.id) }, data };
}

function decrypt({ data }: Payload, key: CodecKey): Payload {
  const bytes = data ?? new Uint8Array();
  try {
    const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    const { metadata, data: inner, externalPayloads } = PayloadMessage.decode(opened);
    // A plain object: an instance of this module's message class is a stranger to another copy of protobufjs.
    return { metadata, data: inner, ...(externalPayloads?.length ? { externalPayloads } : {}) };
  } catch (cause) {
    throw new BlocklistError(
      'KEY_MISMATCH',
      `a payload cannot be opened with the key ${key.id}: another key has that id, or it was altered`,
      {
        cause,
      },
    );
  }
}

function textOf({ metadata }: Payload, name: string): string | undefined {
  const bytes = metadata?.[name];
  return bytes ? Buffer.from(bytes).toString('utf8') : undefined;
}
