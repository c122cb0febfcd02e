// The codec for people: Temporal Web and the command line send payloads as JSON and show what comes back. Converted by
// hand, because protobufjs refuses messages made by another copy of itself.
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { InvalidInputError } from '../domain/errors.js';

const base64 = z.base64();
const body = z.object({
  payloads: z
    .array(z.looseObject({ metadata: z.record(z.string(), base64).optional(), data: base64.optional() }))
    .max(10_000)
    .default([]),
});

export interface JsonPayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

export interface JsonPayloads {
  readonly payloads: readonly JsonPayload[];
}

/** Answer the body of `POST .../decode`. Payloads that are not encrypted come back as they are. */
export async function decodePayloadsJson(codec: PayloadCodec, requestBody: unknown): Promise<JsonPayloads> {
  return { payloads: (await codec.decode(payloadsOf(requestBody))).map(toJson) };
}

/** Answer the body of `POST .../encode`, which the Temporal command line uses for what a person types. */
export async function encodePayloadsJson(codec: PayloadCodec, requestBody: unknown): Promise<JsonPayloads> {
  return { payloads: (await codec.encode(payloadsOf(requestBody))).map(toJson) };
}

function payloadsOf(requestBody: unknown): Payload[] {
  const parsed = body.safeParse(requestBody);
  if (!parsed.success) {
    throw new InvalidInputError(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
  }
  return parsed.data.payloads.map(({ metadata = {}, data }) => ({
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data ?? '', 'base64'),
  }));
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]);
  return { metadata: Object.fromEntries(entries), data: Buffer.from(data ?? []).toString('base64') };
}
