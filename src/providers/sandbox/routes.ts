// The sandbox's HTTP interface: which request does what. `/sandbox/...` of the gateway leads here with the prefix cut off.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BlocklistError, InvalidInputError } from '../../domain/errors.js';
import type { SandboxClock } from './clock.js';
import { answerBytes, answerJson, BodyTooLargeError, ConnectionLostError, readJson } from './http.js';
import { readPage } from './log-reading.js';
import type { Deliveries } from './deliveries.js';
import type { People } from './people.js';
import { faultRules, pageQuery, parseRequest, replies, scriptRules } from './requests.js';
import { handleSend, type SendParts } from './send-route.js';

export interface SandboxParts extends SendParts {
  readonly clock: SandboxClock;
  readonly people: People;
  readonly deliveries: Deliveries;
  /** Told about requests that failed for no fault of the caller. */
  readonly warn: (message: string) => void;
}

type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  parts: SandboxParts,
  query: URLSearchParams,
) => unknown;

const ROUTES: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/messages': { GET: listMessages },
  '/replies': {
    POST: postReplies,
    GET: (_, response, { deliveries }, query) => {
      const { after, limit } = parseRequest(pageQuery, Object.fromEntries(query));
      answerJson(response, 200, deliveries.list(after, limit));
    },
  },
  '/faults': {
    POST: async (request, response, { faults }) => {
      faults.add(parseRequest(faultRules, await readJson(request)));
      answerJson(response, 200, { rules: faults.list() });
    },
    GET: (_, response, { faults }) => answerJson(response, 200, { rules: faults.list() }),
    DELETE: (_, response, { faults }) => {
      faults.clear();
      answerJson(response, 200, { rules: [] });
    },
  },
  '/script': {
    POST: async (request, response, { responder }) => {
      responder.add(parseRequest(scriptRules, await readJson(request)));
      answerJson(response, 200, { rules: responder.list() });
    },
    GET: (_, response, { responder }) => answerJson(response, 200, { rules: responder.list() }),
    DELETE: (_, response, { responder }) => {
      responder.clear();
      answerJson(response, 200, { rules: [] });
    },
  },
  '/stats': { GET: (_, response, parts) => answerJson(response, 200, describe(parts)) },
  '/healthz': { GET: (_, response) => answerJson(response, 200, { status: 'ok' }) },
};

/** Handles one request; everything that goes wrong becomes an answer. */
export async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: SandboxParts,
): Promise<void> {
  try {
    if (request.url === '/send' && request.method === 'POST') {
      await handleSend(request, response, parts.clock.now(), parts);
      return;
    }
    const url = new URL(request.url ?? '/', 'http://sandbox');
    const methods = url.pathname === '/send' ? {} : ROUTES[url.pathname];
    const handler = methods?.[request.method ?? ''];
    if (handler !== undefined) await handler(request, response, parts, url.searchParams);
    else if (methods === undefined) answerJson(response, 404, { error: 'no such path' });
    else answerJson(response, 405, { error: 'this path does not know this method' });
  } catch (error) {
    answerError(response, error, parts);
  }
}

async function listMessages(
  _: IncomingMessage,
  response: ServerResponse,
  { log }: SandboxParts,
  query: URLSearchParams,
): Promise<void> {
  const { to, after, limit } = parseRequest(pageQuery, Object.fromEntries(query));
  const page = await readPage(log, { after, limit, ...(to !== undefined && { to }) });
  const end = `],"next":${page.next ?? 'null'}}`;
  answerBytes(response, [Buffer.from('{"messages":['), page.messages, Buffer.from(end)]);
}

/** One reply is answered with its webhook's status, a batch always with 200 and a result for each. */
async function postReplies(
  request: IncomingMessage,
  response: ServerResponse,
  { people }: SandboxParts,
): Promise<void> {
  const body = parseRequest(replies, await readJson(request));
  const isBatch = 'replies' in body;
  const results = await people.reply(isBatch ? body.replies : [body], body.retry === true);
  const [answer] = results;
  if (isBatch || answer === undefined) {
    answerJson(response, 200, { results });
    return;
  }
  const failure = answer.retrying ? 202 : Math.max(answer.status, 400);
  answerJson(response, answer.acknowledgedAt === null ? failure : 200, answer);
}

function describe({ log, counts, reports, deliveries, responder }: SandboxParts): unknown {
  return {
    accepted: log.size,
    logBytes: log.bytes,
    ...counts,
    reports: reports.counts(),
    replies: { ...deliveries.counts(), scheduled: responder.scheduled, notScheduled: responder.dropped },
    memoryBytes: process.memoryUsage.rss(),
    uptimeSeconds: Math.round(process.uptime()),
  };
}

function answerError(response: ServerResponse, error: unknown, { warn }: SandboxParts): void {
  if (response.headersSent || error instanceof ConnectionLostError) {
    response.destroy();
  } else if (error instanceof InvalidInputError) {
    answerJson(response, 400, { error: 'invalid input', violations: error.violations });
  } else if (error instanceof BodyTooLargeError) {
    answerJson(response, 413, { error: error.message }, { connection: 'close' });
  } else {
    const reason =
      error instanceof BlocklistError ? error.message : ((error as NodeJS.ErrnoException).code ?? 'unknown');
    warn(`The sandbox could not take a request: ${reason}`);
    // Nothing of this request is in the log: a full disk, say. 503 tells the sender that it may try again.
    answerJson(response, 503, { error: 'the sandbox could not take the request' });
  }
}
