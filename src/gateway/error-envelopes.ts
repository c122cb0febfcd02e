// The shapes of error answers: our own, and those that clients of the product know, which say the same.
import { z } from 'zod';
import type { Violation } from '../domain/errors.js';

/** `native`: /api. `platform`: the product's older interfaces. `channel`: its newer ones (/sms/3, /mms/2, ...). */
export type Envelope = 'native' | 'platform' | 'channel';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Default: native. */
    envelope?: Envelope;
  }
}

/** Body of every error of the native API. */
export const errorBody = z.object({
  error: z.object({
    /** One of the README's error codes, or INTERNAL. */
    code: z.string(),
    message: z.string(),
    violations: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    /** Of an INTERNAL error: the log names it by this id. */
    requestId: z.string().optional(),
  }),
});
export type ErrorBody = z.output<typeof errorBody>;

/** Error answers of a native route. */
export const errors = { '4xx': errorBody, '5xx': errorBody } as const;

export interface ErrorAnswer {
  readonly status: number;
  readonly body: ErrorBody;
  readonly retryAfterSeconds?: number;
}

export const platformError = z.object({
  requestError: z.object({
    serviceException: z.object({
      messageId: z.string(),
      text: z.string(),
      /** Mistakes by the path of what is wrong, such as `blocklist[0].destinations[3].to`. */
      validationErrors: z.record(z.string(), z.array(z.string())).optional(),
    }),
  }),
});

export const channelError = z.object({
  errorCode: z.string(),
  description: z.string(),
  action: z.string(),
  violations: z.array(z.object({ property: z.string(), violation: z.string() })),
  resources: z.array(z.object({ name: z.string(), url: z.string() })),
});

/** Answers of a route by status, as the product documents them. */
const byStatus = <T>(schema: T) => ({ 400: schema, 401: schema, 403: schema, 429: schema, 500: schema });
export const platformErrors = byStatus(platformError);
export const channelErrors = { ...byStatus(channelError), 404: channelError };

export interface EnvelopedError {
  readonly status: number;
  readonly body: unknown;
}

export function inEnvelope(envelope: Envelope, answer: ErrorAnswer): EnvelopedError {
  if (envelope === 'native') return answer;
  const status = documentedStatus(answer.status);
  return { status, body: envelope === 'platform' ? platformBody(status, answer) : channelBody(status, answer) };
}

/** Clients of the product know these; whatever else there is to say is said as the nearest of them. */
function documentedStatus(status: number): number {
  if (status >= 500) return 500;
  return status === 401 || status === 403 || status === 404 || status === 429 ? status : 400;
}

/** Texts of the older interfaces, as documented. */
const PLATFORM_TEXTS: Readonly<Record<number, readonly [messageId: string, text: string]>> = {
  400: ['BAD_REQUEST', 'Bad request'],
  401: ['UNAUTHORIZED', 'Unauthorized'],
  403: ['FORBIDDEN', 'Forbidden'],
  404: ['NOT_FOUND', 'Not found'],
  429: ['TOO_MANY_REQUESTS', 'Too many requests'],
  500: ['GENERAL_ERROR', 'Something went wrong. Please contact support.'],
};

function platformBody(status: number, { body }: ErrorAnswer): z.output<typeof platformError> {
  const [messageId, text] = PLATFORM_TEXTS[status] ?? ['GENERAL_ERROR', 'Something went wrong.'];
  const { violations } = body.error;
  if (violations === undefined) return { requestError: { serviceException: { messageId, text } } };
  const byPath = new Map<string, string[]>();
  for (const { path, message } of inTheirWords(violations)) byPath.set(path, [...(byPath.get(path) ?? []), message]);
  return { requestError: { serviceException: { messageId, text, validationErrors: Object.fromEntries(byPath) } } };
}

/** They name what is wrong without saying whether it stood in the body or the query; `request` is the whole. */
function inTheirWords(violations: readonly Violation[]): readonly Violation[] {
  return violations.map(({ path, message }) => ({
    path: path.replace(/^(querystring|params|headers)(\.|$)/, '') || 'request',
    message,
  }));
}

const CHANNEL_ACTIONS: Readonly<Record<number, string>> = {
  400: 'Check the request, and the violations if there are any.',
  401: 'Check the API key in the header Authorization.',
  403: 'Use an API key that may do this.',
  404: 'Check the address.',
  429: 'Try again after the time in the header Retry-After.',
  500: 'Try again later.',
};

function channelBody(status: number, { body }: ErrorAnswer): z.output<typeof channelError> {
  return {
    errorCode: `E${status}`,
    description: body.error.message,
    action: CHANNEL_ACTIONS[status] ?? '',
    violations: inTheirWords(body.error.violations ?? []).map(({ path, message }) => ({
      property: path,
      violation: message,
    })),
    resources: [],
  };
}
