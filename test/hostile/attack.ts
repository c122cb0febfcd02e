// An attack: hostile requests by the thousand, honest ones in between, and what the gateway made of both.
import { Agent, request } from 'node:http';
import { randomFrom, type Random } from './random.js';
import { hostileRequest, type HostileRequest, type Secrets } from './requests.js';
import { hostileSocket } from './sockets.js';

export interface Attack {
  readonly port: number;
  readonly secrets: Secrets;
  readonly requests: number;
  readonly seed: number;
  readonly concurrency?: number;
  /** Called after each request with how many are done. */
  readonly onDone?: (done: number) => void;
}

export interface Damage {
  readonly hostile: number;
  readonly honest: number;
  readonly byKind: ReadonlyMap<string, number>;
  readonly byStatus: ReadonlyMap<number, number>;
  /** Kinds and statuses of 5xx answers, and honest requests that were not answered with 200. At most 100. */
  readonly failures: readonly string[];
}

const ONE_HONEST_IN = 20;
const ONE_SOCKET_IN = 15;
const MOST_FAILURES = 100;
/** Longer than any answer takes on a busy machine. */
const ANSWER_WITHIN_MS = 30_000;

export async function attack(options: Attack): Promise<Damage> {
  const { port, secrets, requests, seed, concurrency = 24, onDone } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const byKind = new Map<string, number>();
  const byStatus = new Map<number, number>();
  const failures: string[] = [];
  let honest = 0;
  let begun = 0;
  let done = 0;
  const count = <K>(map: Map<K, number>, key: K): void => void map.set(key, (map.get(key) ?? 0) + 1);
  const fail = (what: string): void => void (failures.length < MOST_FAILURES && failures.push(what));
  const judge = (kind: string, statuses: readonly number[]): void => {
    count(byKind, kind);
    for (const status of statuses) {
      count(byStatus, status);
      if (status >= 500) fail(`${kind}: ${status}`);
    }
  };

  const one = async (n: number, random: Random): Promise<void> => {
    if (n % ONE_HONEST_IN === 0) {
      honest += 1;
      const { method, path, headers, body } = honestRequest(n, secrets);
      const status = await call(agent, port, { kind: 'honest', method, path, headers, ...(body && { body }) });
      if (status !== 200 && status !== 202) fail(`honest ${path}: ${String(status)}`);
    } else if (n % ONE_SOCKET_IN === 1) {
      const { kind, statuses } = await hostileSocket(random, port);
      judge(kind, statuses);
    } else {
      const made = hostileRequest(random, secrets);
      const status = await call(agent, port, made);
      judge(made.kind, status === undefined ? [] : [status]);
    }
  };
  const worker = async (): Promise<void> => {
    while (begun < requests) {
      const n = (begun += 1);
      await one(n, randomFrom(seed + n)).catch((error: Error) => fail(`request ${n}: ${error.message}`));
      done += 1;
      onDone?.(done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  agent.destroy();
  return { hostile: requests - honest, honest, byKind, byStatus, failures };
}

function honestRequest(n: number, { apiKey, webhookSecret }: Secrets): Omit<HostileRequest, 'kind'> {
  const headers = {
    authorization: `App ${apiKey}`,
    'x-webhook-secret': webhookSecret,
    'content-type': 'application/json',
  };
  const person = String(385_970_000_000 + (n % 5_000));
  const kinds: Omit<HostileRequest, 'kind'>[] = [
    { method: 'GET', path: '/healthz', headers },
    { method: 'GET', path: `/platform/1/blocklists?destination=${person}`, headers },
    {
      method: 'POST',
      path: '/platform/1/blocklists',
      headers,
      body: Buffer.from(`{"blocklist":[{"destinations":[{"to":"${person}"}]}]}`),
    },
    {
      method: 'POST',
      path: '/inbound/sandbox/sms',
      headers,
      body: Buffer.from(
        JSON.stringify({
          results: [{ messageId: `honest-${n}`, from: person, to: '10950', channel: 'SMS', text: 'hello' }],
        }),
      ),
    },
  ];
  return kinds[(n / ONE_HONEST_IN) % kinds.length] as Omit<HostileRequest, 'kind'>;
}

/** The status; undefined when the gateway hung up, as it may on what is no request. */
function call(
  agent: Agent,
  port: number,
  { method, path, headers, body }: HostileRequest,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    try {
      const sent = request(
        { agent, port, host: '127.0.0.1', method, path, headers, timeout: ANSWER_WITHIN_MS },
        (answer) => {
          answer.resume();
          answer.once('close', () => resolve(answer.statusCode));
        },
      );
      sent.once('timeout', () => sent.destroy());
      sent.once('error', () => resolve(undefined));
      sent.end(body);
    } catch {
      // Node's client refuses to send some of it; the raw sockets do.
      resolve(undefined);
    }
  });
}
