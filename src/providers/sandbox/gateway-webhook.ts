// How the network reaches the gateway: HTTP requests to its webhooks, with the time at which each answer arrived.
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { SandboxClock } from './clock.js';

export interface WebhookAnswer {
  /** The gateway's HTTP status; 502 when it was not reachable, 504 when it did not answer in time. */
  readonly status: number;
  /** When the answer's head arrived: the earliest moment that counts as an acknowledgement. Absent without an answer. */
  readonly answeredAt?: number;
}

export interface WebhookRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

export interface GatewayWebhook {
  /** Never throws. */
  call(request: WebhookRequest): Promise<WebhookAnswer>;
  postJson(path: string, body: unknown): Promise<WebhookAnswer>;
  close(): void;
}

const TIMEOUT_MS = 15_000;
/** Enough to keep a gateway busy, few enough not to be an attack on it. */
const MAX_CONNECTIONS = 32;

/** `gatewayUrl` is asked for at each call, so the gateway may be started after the sandbox. */
export function createGatewayWebhook(
  gatewayUrl: () => string | undefined,
  clock: SandboxClock,
  secret: string | undefined,
): GatewayWebhook {
  const options = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
  const http = new HttpAgent(options);
  const https = new HttpsAgent(options);
  return {
    call,
    postJson: (path, body) =>
      call({ method: 'POST', path, body: JSON.stringify(body), contentType: 'application/json' }),
    close() {
      http.destroy();
      https.destroy();
    },
  };

  function call(request: WebhookRequest, isRepeat = false): Promise<WebhookAnswer> {
    const base = gatewayUrl();
    if (base === undefined) return Promise.resolve({ status: 502 });
    const url = new URL(base.replace(/\/$/, '') + request.path);
    const isSecure = url.protocol === 'https:';
    return new Promise((resolve) => {
      const sent = (isSecure ? httpsRequest : httpRequest)(url, {
        agent: isSecure ? https : http,
        method: request.method,
        headers: headersOf(request),
      });
      const timer = setTimeout(() => {
        resolve({ status: 504 });
        sent.destroy();
      }, TIMEOUT_MS);
      sent.on('response', (response: IncomingMessage) => {
        const answeredAt = clock.now();
        clearTimeout(timer);
        response.on('error', () => undefined).resume();
        resolve({ status: response.statusCode ?? 502, answeredAt });
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        // The gateway may close an idle connection just as it is used again; webhooks are idempotent by message id.
        const isStale = sent.reusedSocket && error.code === 'ECONNRESET' && !isRepeat;
        resolve(isStale ? call(request, true) : { status: 502 });
      });
      sent.end(request.body);
    });
  }

  function headersOf(request: WebhookRequest): Record<string, string | number> {
    return {
      ...(request.contentType !== undefined && { 'content-type': request.contentType }),
      ...(request.body !== undefined && { 'content-length': Buffer.byteLength(request.body) }),
      ...(secret !== undefined && { 'x-webhook-secret': secret }),
    };
  }
}

export function isSuccess(answer: WebhookAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

/** The gateway said no for good; anything else may be better later. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 408 && status !== 425 && status !== 429;
}

/** 100 ms doubling to 5 s, with jitter so that what failed together does not come back together. */
export function backOffMs(attempt: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2);
}
