// What a broadcast is asked for with. An audience of up to 50,000 stands in the JSON; a larger one is uploaded as CSV or as
// lines of JSON, with the rest in the query, or (lines of JSON) in the first line.
import { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { broadcastSpec } from '../../domain/broadcast-spec.js';
import { InvalidInputError } from '../../domain/errors.js';
import type { AudienceLine } from '../../storage/broadcasts.js';
import type { App } from '../gateway-deps.js';
import { CSV_TYPES, JSON_LINES_TYPES, readCsv, readJsonLines, readLines, type TextLine } from './audience-upload.js';

/** 50,000 numbers are about a megabyte of JSON. */
const MOST_DESTINATIONS = 50_000;

export const broadcastRequest = broadcastSpec.safeExtend({
  destinations: z
    .array(z.string().max(1_024))
    .min(1)
    .max(MOST_DESTINATIONS, 'at most 50,000 destinations in JSON; send more as text/csv or application/x-ndjson')
    .optional(),
});
export type BroadcastRequest = z.output<typeof broadcastRequest>;

const NUMBERS = ['messagesPerSecond', 'validForSeconds'];
const uploads = new WeakMap<FastifyRequest, AsyncIterable<AudienceLine>>();

/** Uploads reach the routes of `app` as streams: their parameters take the place of the body, and are validated like one. */
export function acceptUploads(app: App): void {
  app.addContentTypeParser([...CSV_TYPES, ...JSON_LINES_TYPES], (_request, payload, done) => done(null, payload));
}

/** A preValidation hook. */
export async function readUploadParameters(request: FastifyRequest): Promise<void> {
  if (!(request.body instanceof Readable)) return;
  const upload = request.body;
  const query = Object.entries(request.query as Readonly<Record<string, unknown>>);
  const parameters = Object.fromEntries(
    query.map(([name, value]) => [name, NUMBERS.includes(name) ? Number(value) : value]),
  );
  const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (CSV_TYPES.includes(type)) {
    uploads.set(request, readCsv(upload));
    request.body = parameters;
    return;
  }
  const lines = readLines(upload);
  uploads.set(request, readJsonLines(lines));
  request.body = query.length > 0 ? parameters : await firstLine(lines);
}

/** Whom the broadcast goes to: the uploaded audience, or that of the JSON. */
export function audienceOf(
  request: FastifyRequest,
  { destinations }: Pick<BroadcastRequest, 'destinations'>,
): AsyncIterable<AudienceLine> | Iterable<AudienceLine> {
  const uploaded = uploads.get(request);
  if (uploaded !== undefined && destinations === undefined) return uploaded;
  if (uploaded === undefined && destinations !== undefined) {
    return destinations.map((destination, n) => ({ line: n + 1, destination }));
  }
  const message = uploaded === undefined ? 'name whom the broadcast goes to' : 'stands in the upload already';
  throw new InvalidInputError([{ path: 'destinations', message }]);
}

async function firstLine(lines: AsyncGenerator<TextLine>): Promise<unknown> {
  const first = await lines.next();
  try {
    return JSON.parse(first.done === true ? '' : first.value.text) as unknown;
  } catch {
    throw new InvalidInputError([
      { path: 'body', message: 'the first line must be the broadcast as JSON, or its parameters stand in the query' },
    ]);
  }
}
