// Errors as answers: one table from codes to statuses, one shape of body, no stack trace and no value of a request in it.
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { BlocklistError, InvalidInputError, type ErrorCode, type Violation } from '../domain/errors.js';
import { inEnvelope, type ErrorAnswer } from './error-envelopes.js';

const STATUSES: Readonly<Record<ErrorCode, number>> = {
  INVALID_INPUT: 400,
  INVALID_DESTINATION: 400,
  INVALID_TOKEN: 404,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  TOO_MANY_REQUESTS: 429,
  TIMED_OUT: 503,
  NOT_FOUND: 404,
  CONFLICT: 409,
  LIMIT_EXCEEDED: 413,
  KEY_MISMATCH: 500,
  CONFIGURATION: 500,
  SCHEMA_MISMATCH: 503,
  STORAGE_UNAVAILABLE: 503,
  TEMPORAL_UNAVAILABLE: 503,
  PROVIDER_UNAVAILABLE: 503,
};

/** Long enough for a database to come back, short enough for a person to wait. */
const RETRY_AFTER_SECONDS = 2;
/** More would only repeat what the first thousand say. */
const MOST_VIOLATIONS = 1_000;

export function answerOf(error: unknown, requestId: string): ErrorAnswer {
  if (error instanceof BlocklistError) return answerOfBlocklistError(error);
  const known = error as Partial<FastifyError> | null;
  const violations = violationsOf(error);
  if (violations !== undefined) return invalid(violations);
  if (known?.code === 'FST_ERR_HANDLER_TIMEOUT') return answerOfBlocklistError(TOO_SLOW);
  const status = known?.statusCode;
  if (status === undefined || status < 400 || status >= 500) {
    return { status: 500, body: { error: { code: 'INTERNAL', message: INTERNAL_MESSAGE, requestId } } };
  }
  const code = status === 413 ? 'LIMIT_EXCEEDED' : 'INVALID_INPUT';
  return { status, body: { error: { code, message: MESSAGES[status] ?? MESSAGES[400] } } };
}

/** Fastify's own messages may quote the request, so ours stand in their place. */
const MESSAGES: Readonly<Record<number, string>> & { readonly 400: string } = {
  400: 'The request cannot be read: the body must be JSON, complete, and of the length that its headers name.',
  408: 'The request took too long to arrive.',
  413: 'The body is larger than this address accepts. Send smaller batches; audiences of any size go as a streamed upload.',
  415: 'The content type is not one that this address accepts. Send application/json.',
  414: 'The address is too long.',
};
const TOO_SLOW = new BlocklistError('TIMED_OUT', 'This took too long. What was begun may still be completed.', {
  retryable: true,
});
const INTERNAL_MESSAGE = 'Something went wrong here. The log names it under this request id.';

function answerOfBlocklistError(error: BlocklistError): ErrorAnswer {
  const status = STATUSES[error.code];
  if (error instanceof InvalidInputError) return invalid(error.violations);
  return {
    status,
    body: { error: { code: error.code, message: error.message } },
    ...(status === 503 || error.retryable ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {}),
  };
}

function invalid(violations: readonly Violation[]): ErrorAnswer {
  const named = violations.slice(0, MOST_VIOLATIONS);
  const left = violations.length - named.length;
  const message = `The request has ${violations.length === 1 ? 'one mistake' : `${violations.length} mistakes`}${
    left === 0 ? '' : `, the first ${MOST_VIOLATIONS} are listed`
  }; see violations.`;
  return { status: 400, body: { error: { code: 'INVALID_INPUT', message, violations: [...named] } } };
}

/** Fields that are not known are named if they can be misspelt: anything else may be somebody's number, address or text. */
function withoutForeignNames(message: string): string {
  const isHarmless = !message.startsWith('Unrecognized key') || HARMLESS_NAMES.test(message);
  return isHarmless ? message : 'has fields that are not known here';
}
const HARMLESS_NAMES = /^Unrecognized keys?: "[a-z]\w{0,39}"(, "[a-z]\w{0,39}")*$/i;

/** What a schema found wrong; undefined if `error` is something else. */
export function violationsOf(error: unknown): readonly Violation[] | undefined {
  if (!hasZodFastifySchemaValidationErrors(error)) return undefined;
  const { validationContext } = error as Partial<FastifyError>;
  return error.validation.map(({ instancePath, message }) => ({
    path: pathOf(instancePath, validationContext),
    message: withoutForeignNames(message ?? 'is not valid'),
  }));
}

/** `/destinations/3` becomes `destinations[3]`; a mistake of the query or of the path itself says so. */
function pathOf(pointer: string, context: string | undefined): string {
  const path = pointer
    .split('/')
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '');
  if (context === undefined || context === 'body') return path;
  return path === '' ? context : `${context}.${path}`;
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = answerOf(error, request.id);
  const { status, body } = inEnvelope(request.routeOptions.config?.envelope ?? 'native', answer);
  if (status >= 500) {
    request.log.error({ err: error, route: routeOf(request), status }, 'request failed');
  }
  if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', answer.retryAfterSeconds);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  // What is left of a body that was refused is not read, so no other request may follow it: the connection ends.
  if (!request.raw.complete) reply.header('connection', 'close');
  void reply.code(status).type('application/json').serializer(JSON.stringify).send(body);
}

export function sendNotFound(_request: FastifyRequest, reply: FastifyReply): void {
  void reply.code(404).send({ error: { code: 'NOT_FOUND', message: 'There is nothing at this address.' } });
}

/** The template (`/u/:token`), never the URL: that would name tokens and destinations. */
export function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

/** What no parser of HTTP can read, answered before there is a request. */
export function answerUnreadable(this: unknown, error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy(error);
    return;
  }
  const status = UNREADABLE[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ error: { code: 'INVALID_INPUT', message: 'This is not a complete HTTP request.' } });
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};
