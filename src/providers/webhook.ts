// Posting to addresses that others gave us. They may lead anywhere, so: http and https alone, no redirect followed, a time
// for the whole exchange, nothing of the answer kept, and no address of this machine or its network unless allowed.
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { webhookUrlProblem } from '../domain/webhook-url.js';

export interface WebhookPost {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `detail` names a status or the kind of failure, nothing that the other side said. */
export type WebhookAnswer = { readonly kind: 'accepted' } | { readonly kind: 'failed'; readonly detail: string };

export interface Webhooks {
  /** One post ends within this, whatever happens. */
  readonly timeoutMs: number;
  /** Never throws. Any status from 200 to 299 is acceptance. */
  post(post: WebhookPost): Promise<WebhookAnswer>;
}

export interface WebhookOptions {
  /** True: addresses of this machine and of private networks may be posted to as well. */
  readonly allowPrivate?: boolean;
  /** Default 10 s. */
  readonly timeoutMs?: number;
}

class PrivateAddressError extends Error {
  readonly code = 'PRIVATE_ADDRESS';
}

export function createWebhooks({ allowPrivate = false, timeoutMs = 10_000 }: WebhookOptions = {}): Webhooks {
  // Looked at when the connection is made: a name may lead elsewhere each time it is asked for.
  const guarded: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return done(error, '', 0);
      const [first] = addresses;
      if (first === undefined || (!allowPrivate && addresses.some(({ address }) => isPrivate(address)))) {
        return done(new PrivateAddressError(), '', 0);
      }
      if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };

  return {
    timeoutMs,
    post({ url, body, headers }) {
      if (webhookUrlProblem(url) !== undefined) return Promise.resolve(failed('BAD_URL'));
      const { protocol, hostname } = new URL(url);
      const host = hostname.replace(/^\[|\]$/g, '');
      // Nobody looks up what is an address already.
      if (!allowPrivate && isIP(host) !== 0 && isPrivate(host)) return Promise.resolve(failed('PRIVATE_ADDRESS'));
      const options: RequestOptions = {
        method: 'POST',
        lookup: guarded,
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          'user-agent': 'temporal-blocklist',
          ...headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        },
      };
      return new Promise((resolve) => {
        const request = (protocol === 'https:' ? httpsRequest : httpRequest)(url, options, (response) => {
          const { statusCode = 0 } = response;
          // The status is all we want; a body without end is not waited for.
          response.destroy();
          resolve(statusCode >= 200 && statusCode < 300 ? { kind: 'accepted' } : failed(`HTTP_${statusCode}`));
        });
        request.on('error', (error) => resolve(failed(nameOf(error))));
        request.end(body);
      });
    },
  };
}

const failed = (detail: string): WebhookAnswer => ({ kind: 'failed', detail });

/** A code of the system, such as ECONNREFUSED; messages may quote the address. */
function nameOf(error: NodeJS.ErrnoException): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'TIMED_OUT';
  return /^[A-Z_0-9]{1,40}$/.test(error.code ?? '') ? (error.code as string) : 'FAILED';
}

/** This machine, private networks (RFC 1918, RFC 4193), shared and link-local ones (cloud metadata), and no host at all. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  // NAT64 and 6to4 lead to IPv4 addresses of any kind.
  ['64:ff9b::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6');
}

function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
