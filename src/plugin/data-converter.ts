// Adds our codec to a data converter, leaving what is there alone.
import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import { BlocklistError } from '../domain/errors.js';
import { BlocklistCodec } from './codec.js';
import { parseCodecKeys, type CodecKey } from './codec-keys.js';

/** Error messages and stacks become payloads too; without it they would stay in clear text beside encrypted arguments. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('./failure-converter.cjs', import.meta.url));

/** The keys given, else those of the environment. */
export function codecKeysOf(
  keys: string | readonly CodecKey[] | undefined,
  environment: NodeJS.ProcessEnv = process.env,
): readonly CodecKey[] {
  if (keys === undefined) return parseCodecKeys(environment['BLOCKLIST_CODEC_KEY']);
  return typeof keys === 'string' ? parseCodecKeys(keys) : keys;
}

/** `existing` with our codec as the last, hence outermost one; unchanged without keys. */
export function withCodec(existing: DataConverter | undefined, keys: readonly CodecKey[]): DataConverter | undefined {
  if (keys.length === 0) return existing;
  const codecs = existing?.payloadCodecs ?? [];
  if (codecs.some((codec) => codec instanceof BlocklistCodec)) {
    throw new BlocklistError(
      'CONFIGURATION',
      'the codec of temporal-blocklist is in the data converter already: leave it to BlocklistPlugin, and register that once',
    );
  }
  return {
    ...existing,
    failureConverterPath: existing?.failureConverterPath ?? FAILURE_CONVERTER_PATH,
    payloadCodecs: [...codecs, new BlocklistCodec(keys)],
  };
}
