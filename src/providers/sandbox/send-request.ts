// The body of POST /send. Checked by hand, not with zod: at 60,000 messages a second the check has a microsecond each.
import { SENDING_CHANNELS } from '../../domain/channel.js';
import { InvalidInputError, type Violation } from '../../domain/errors.js';
import type { OutboundMessage } from '../provider.js';
import { MESSAGE_ID } from './requests.js';

/** Most messages of one request. */
const MAX_MESSAGES = 10_000;
/** Violations listed at most; a client that sees these can find the rest. */
const MAX_VIOLATIONS = 100;
const CHANNELS: ReadonlySet<unknown> = new Set(SENDING_CHANNELS);

/**
 * All messages of the body, or an `InvalidInputError` naming what is wrong where; then nothing is accepted. What messages have in
 * common may stand once, as `shared`.
 */
export function parseSendRequest(body: unknown): readonly OutboundMessage[] {
  const given = isObject(body) ? body['messages'] : undefined;
  if (!Array.isArray(given)) throw invalid('messages', 'must be an array');
  const shared = isObject(body) ? body['shared'] : undefined;
  const messages: unknown[] = isObject(shared)
    ? given.map((message: unknown) => (isObject(message) ? { ...shared, ...message } : message))
    : given;
  if (messages.length === 0 || messages.length > MAX_MESSAGES) {
    throw invalid('messages', `must have 1 to ${MAX_MESSAGES} messages`);
  }
  const violations: Violation[] = [];
  for (let i = 0; i < messages.length && violations.length < MAX_VIOLATIONS; i++) {
    const found = findViolation(messages[i]);
    if (found === undefined) continue;
    violations.push({ path: `messages[${i}]${found.path === '' ? '' : `.${found.path}`}`, message: found.message });
  }
  if (violations.length > 0) throw new InvalidInputError(violations);
  return messages as OutboundMessage[];
}

function findViolation(value: unknown): Violation | undefined {
  if (!isObject(value)) return { path: '', message: 'must be an object' };
  const id = value['permitId'];
  if (typeof id !== 'string' || !MESSAGE_ID.test(id)) {
    return { path: 'permitId', message: 'must have 1 to 100 printable characters without quotes and backslashes' };
  }
  if (!CHANNELS.has(value['channel']))
    return { path: 'channel', message: `must be one of ${[...CHANNELS].join(', ')}` };
  if (value['kind'] !== 'message' && value['kind'] !== 'confirmation') {
    return { path: 'kind', message: 'must be message or confirmation' };
  }
  return (
    textViolation(value, 'to', 1, 500) ??
    textViolation(value, 'sender', 1, 500) ??
    textViolation(value, 'text', 0, 1_000_000) ??
    (value['subject'] === undefined ? undefined : textViolation(value, 'subject', 0, 10_000)) ??
    (value['campaignReferenceId'] === undefined ? undefined : textViolation(value, 'campaignReferenceId', 1, 255))
  );
}

function textViolation(
  value: Record<string, unknown>,
  field: string,
  shortest: number,
  longest: number,
): Violation | undefined {
  const text = value[field];
  if (typeof text === 'string' && text.length >= shortest && text.length <= longest) return undefined;
  return { path: field, message: `must be a text of ${shortest} to ${longest} characters` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function invalid(path: string, message: string): InvalidInputError {
  return new InvalidInputError([{ path, message }]);
}
