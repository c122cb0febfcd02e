// The payload codec: what it hides, what it lets through, and what it says when it cannot read.
import { randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlocklistError } from '../src/domain/errors.js';
import { BlocklistCodec } from '../src/plugin/codec.js';
import { decodePayloadsJson, encodePayloadsJson } from '../src/plugin/codec-json.js';
import { parseCodecKeys } from '../src/plugin/codec-keys.js';

const secret = (): string => randomBytes(32).toString('base64');
const codecOf = (text: string): BlocklistCodec => new BlocklistCodec(parseCodecKeys(text));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const only = <T>(list: readonly T[]): T => {
  const [first] = list;
  if (first === undefined || list.length !== 1) throw new Error('expected one');
  return first;
};
const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

describe('the codec', () => {
  const key = `2027-01:${secret()}`;

  it('gives back whatever it was given', async () => {
    const codec = codecOf(key);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const decoded = only(await codec.decode(await codec.encode([payloadOf(value)])));
        expect(defaultPayloadConverter.fromPayload(decoded)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 200 },
    );
  });

  it('hides data and metadata, and names the key beside them', async () => {
    const payload = {
      metadata: { encoding: Buffer.from('json/plain'), note: Buffer.from('+385915550123') },
      data: Buffer.from('"STOP"'),
    };
    const encoded = only(await codecOf(key).encode([payload]));
    expect(textOf(encoded.metadata?.['encoding'])).toBe('binary/encrypted');
    expect(textOf(encoded.metadata?.['encryption-key-id'])).toBe('2027-01');
    expect(Object.keys(encoded.metadata ?? {})).toHaveLength(2);
    expect(textOf(encoded.data)).not.toMatch(/STOP|385915550123|json/);
  });

  it('never writes the same twice', async () => {
    const [one, two] = await codecOf(key).encode([payloadOf('same'), payloadOf('same')]);
    expect(textOf(one?.data)).not.toBe(textOf(two?.data));
  });

  it('decrypts messages of every copy of protobufjs, and payloads without data', async () => {
    const codec = codecOf(key);
    const message = proto.temporal.api.common.v1.Payload.create({ metadata: { encoding: Buffer.from('binary/null') } });
    const decoded = only(await codec.decode(await codec.encode([message])));
    expect(defaultPayloadConverter.fromPayload(decoded)).toBeUndefined();
  });

  it('lets other encodings pass, so that it can be switched on while workflows run', async () => {
    const clear = payloadOf({ of: 'yesterday' });
    expect(await codecOf(key).decode([clear])).toEqual([clear]);
  });

  it('rotation: a new key in front encrypts, the old one still decrypts, and without it the error says so', async () => {
    const old = `old:${secret()}`;
    const written = await codecOf(old).encode([payloadOf('kept')]);
    const rotated = codecOf(`${key},${old}`);
    expect(defaultPayloadConverter.fromPayload(only(await rotated.decode(written)))).toBe('kept');
    expect(textOf(only(await rotated.encode([payloadOf('new')])).metadata?.['encryption-key-id'])).toBe('2027-01');
    await expect(codecOf(key).decode(written)).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: 'a payload was encrypted with the key old, which BLOCKLIST_CODEC_KEY does not list',
    });
  });

  it('refuses what was altered, cut off, or encrypted with another key of the same id', async () => {
    const codec = codecOf(key);
    const encoded = only(await codec.encode([payloadOf('text')]));
    const altered = Buffer.from(encoded.data ?? []);
    altered.writeUInt8((altered.at(-20) ?? 0) ^ 1, altered.length - 20);
    for (const data of [altered, Buffer.from(encoded.data ?? []).subarray(0, 10), Buffer.alloc(0)]) {
      await expect(codec.decode([{ ...encoded, data }])).rejects.toMatchObject({ code: 'KEY_MISMATCH' });
    }
    await expect(codecOf(`2027-01:${secret()}`).decode([encoded])).rejects.toThrow(BlocklistError);
  });
});

describe('the keys', () => {
  it('are none when nothing is set', () => {
    expect(parseCodecKeys(undefined)).toEqual([]);
    expect(parseCodecKeys(' ')).toEqual([]);
  });

  const long = secret();
  it.each([
    ['no id', long, 'entry 1 does not begin with a key id'],
    ['an id with a space', `my key:${long}`, 'entry 1 does not begin with a key id'],
    ['too short', 'a:c2hvcnQ=', 'the key of entry 1 (a) is not the base64 form of 32 bytes'],
    ['not base64', `a:${'!'.repeat(44)}`, 'the key of entry 1 (a) is not the base64 form of 32 bytes'],
    ['a mistake in the second', `a:${long},b:${long}x`, 'the key of entry 2 (b) is not'],
    ['the same id twice', `a:${long},a:${secret()}`, 'the key id a stands there twice'],
    ['an end without a key', `a:${long},`, 'entry 2 does not begin'],
  ])('are refused with what is wrong, and never shown: %s', (_, text, message) => {
    const error = errorOf(() => parseCodecKeys(text));
    expect(error).toMatchObject({ code: 'CONFIGURATION' });
    expect(error.message).toContain(`BLOCKLIST_CODEC_KEY: ${message}`);
    expect(error.message).not.toContain(long);
  });
});

describe('the codec for people', () => {
  const codec = codecOf(`2027-01:${secret()}`);
  const clear = {
    metadata: { encoding: Buffer.from('json/plain').toString('base64') },
    data: Buffer.from('"Hello"').toString('base64'),
  };

  it('decodes the JSON of Temporal Web and the command line', async () => {
    const encoded = await encodePayloadsJson(codec, { payloads: [clear, clear] });
    expect(JSON.stringify(encoded)).not.toContain(clear.data);
    const asSent: unknown = JSON.parse(JSON.stringify(encoded));
    expect(await decodePayloadsJson(codec, asSent)).toEqual({ payloads: [clear, clear] });
  });

  it('gives back what is not encrypted, and nothing for nothing', async () => {
    expect(await decodePayloadsJson(codec, { payloads: [clear] })).toEqual({ payloads: [clear] });
    expect(await decodePayloadsJson(codec, {})).toEqual({ payloads: [] });
  });

  it.each([['a text'], [null], [{ payloads: 'x' }], [{ payloads: [{ data: 'not base64!' }] }], [{ payloads: [7] }]])(
    'refuses %j with a typed error',
    async (body) => {
      await expect(decodePayloadsJson(codec, body)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    },
  );
});

function errorOf(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
