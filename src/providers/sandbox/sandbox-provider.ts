// The sandbox as a provider. What matters is to tell "certainly not taken" from "perhaps taken": the first may be tried again
// by anyone, the second only where duplicates are refused.
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import type { OutboundMessage, Provider, ProviderAnswer } from '../provider.js';

export interface SandboxProviderOptions {
  /** Base address of the sandbox, for example `http://127.0.0.1:4010`. */
  readonly url: string;
  /** Most messages of one call, default 1,000. */
  readonly maxBatch?: number;
}

export interface SandboxProvider extends Provider {
  /** Closes idle connections. */
  close(): void;
}

type Outcome =
  | { readonly kind: 'answered'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
  /** The request never had a connection. */
  | { readonly kind: 'notSent'; readonly detail: string }
  | { readonly kind: 'lost'; readonly detail: string };

const DEFAULT_RETRY_MS = 1_000;
const NOT_STARTED = 'no connection before the window ended';

export function createSandboxProvider({ url, maxBatch = 1_000 }: SandboxProviderOptions): SandboxProvider {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const address = new URL('send', url.endsWith('/') ? url : `${url}/`);
  return {
    name: 'sandbox',
    refusesDuplicates: true,
    maxBatch,
    async send(messages, { timeoutMs, startBy = Infinity }) {
      if (messages.length === 0) return [];
      return interpret(await post(JSON.stringify(bodyOf(messages)), timeoutMs, startBy), messages);
    },
    close: () => agent.destroy(),
  };

  function post(body: string, timeoutMs: number, startBy: number): Promise<Outcome> {
    return new Promise((resolve) => {
      // A keep-alive connection is open from the start; a new one counts from its connect on.
      let isSent = false;
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const request = httpRequest(address, { agent, method: 'POST', headers });
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
      request.on('socket', (socket) => {
        if (socket.connecting) socket.once('connect', leave);
        else leave();
      });
      // Whoever waits for a connection must give up in time, also when the process was busy at the very end of it.
      const latest = setTimeout(() => !isSent && fail(NOT_STARTED), Math.min(startBy - performance.now(), timeoutMs));
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => fail('the connection ended within the answer'));
        response.on('end', () => {
          clearTimeout(timer);
          const { statusCode: status = 0, headers } = response;
          resolve({ kind: 'answered', status, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
      });
      request.on('error', (error: NodeJS.ErrnoException) => fail(`connection failed: ${error.code ?? error.name}`));

      function leave(): void {
        clearTimeout(latest);
        if (performance.now() > startBy) return fail(NOT_STARTED);
        isSent = true;
        // Not before: what has been given to a request is written as soon as there is a connection.
        request.end(body);
      }

      function fail(detail: string): void {
        clearTimeout(timer);
        clearTimeout(latest);
        resolve({ kind: isSent ? 'lost' : 'notSent', detail });
        request.destroy();
      }
    });
  }
}

/** What all messages have in common is written once: the text is most of a broadcast. */
function bodyOf(messages: readonly OutboundMessage[]): unknown {
  const [first] = messages;
  const isOneText = messages.every(
    (message) =>
      message.text === first?.text &&
      message.subject === first.subject &&
      message.channel === first.channel &&
      message.sender === first.sender &&
      message.kind === first.kind &&
      message.campaignReferenceId === first.campaignReferenceId,
  );
  if (first === undefined || !isOneText) return { messages };
  const { permitId: _id, to: _to, ...shared } = first;
  return { shared, messages: messages.map(({ permitId, to }) => ({ permitId, to })) };
}

function interpret(outcome: Outcome, messages: readonly OutboundMessage[]): readonly ProviderAnswer[] {
  const all = (answer: ProviderAnswer): readonly ProviderAnswer[] => messages.map(() => answer);
  if (outcome.kind === 'lost') return all({ kind: 'unknown', detail: outcome.detail });
  if (outcome.kind === 'notSent') {
    return all({ kind: 'refused', detail: outcome.detail, retryAfterMs: DEFAULT_RETRY_MS });
  }
  const { status } = outcome;
  const body = parse(outcome.body);
  const detail = `HTTP ${status}`;
  if (status === 200) {
    const answers = body['answers'];
    if (!Array.isArray(answers) || answers.length !== messages.length) {
      return all({ kind: 'unknown', detail: 'the answer could not be read' });
    }
    return answers.map((answer): ProviderAnswer => {
      return isProviderAnswer(answer) ? answer : { kind: 'unknown', detail: 'the answer could not be read' };
    });
  }
  if (status === 429 || status === 503) {
    return all({ kind: 'refused', detail, retryAfterMs: retryAfterMs(body, outcome.headers) });
  }
  if (status === 400) return interpretInvalid(body, messages);
  if (status === 413) return all({ kind: 'rejected', detail });
  // Other client errors mean a wrong address: nothing was taken. A server error may come after the taking.
  return all(status >= 400 && status < 500 ? { kind: 'refused', detail } : { kind: 'unknown', detail });
}

/** Of a malformed batch nothing was taken: those at fault are rejected, the rest may go again without them. */
function interpretInvalid(
  body: Record<string, unknown>,
  messages: readonly OutboundMessage[],
): readonly ProviderAnswer[] {
  const atFault = new Map<number, string>();
  for (const violation of Array.isArray(body['violations']) ? (body['violations'] as unknown[]) : []) {
    const { path, message } = violation as { path?: unknown; message?: unknown };
    const place = /^messages\[(\d+)\]\.?(.*)$/.exec(String(path));
    if (place !== null) atFault.set(Number(place[1]), `invalid: ${place[2]} ${String(message)}`);
  }
  return messages.map((_, i): ProviderAnswer => {
    const detail = atFault.get(i);
    if (detail !== undefined) return { kind: 'rejected', detail };
    if (atFault.size === 0) return { kind: 'rejected', detail: 'HTTP 400' };
    return { kind: 'refused', detail: 'another message of the call was invalid' };
  });
}

function isProviderAnswer(answer: unknown): answer is ProviderAnswer {
  if (typeof answer !== 'object' || answer === null) return false;
  const { kind, detail } = answer as { kind?: unknown; detail?: unknown };
  if (kind === 'accepted' || kind === 'duplicate') return true;
  return (kind === 'rejected' || kind === 'refused' || kind === 'unknown') && typeof detail === 'string';
}

function retryAfterMs(body: Record<string, unknown>, headers: IncomingHttpHeaders): number {
  if (typeof body['retryAfterMs'] === 'number') return body['retryAfterMs'];
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : DEFAULT_RETRY_MS;
}

function parse(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
