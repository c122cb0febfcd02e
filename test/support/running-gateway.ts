// A gateway of one test file: its own database and Temporal namespace, every log line kept for looking at.
import { Writable } from 'node:stream';
import { readConfig, type Config } from '../../src/config.js';
import { startGateway, type GatewayOptions, type RunningGateway } from '../../src/gateway/server.js';
import { openStorage, type Storage } from '../../src/storage/storage.js';
import { createTestDatabase, getTemporal, type TestTemporal } from './servers.js';

export const WEBHOOK_SECRET = 'webhook-secret-of-the-tests';
export const API_KEY = 'api-key-of-the-tests';

export interface TestGateway {
  readonly gateway: RunningGateway;
  readonly config: Config;
  readonly storage: Storage;
  readonly temporal: TestTemporal;
  /** Everything logged so far. */
  readonly log: () => string;
  /** With the API key and the webhook secret; a body that is no text goes as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly gateway?: GatewayOptions;
  readonly databaseUrl?: string;
}

export function gatewayEnvironment(databaseUrl: string): Readonly<Record<string, string>> {
  return {
    BLOCKLIST_DATABASE_URL: databaseUrl,
    BLOCKLIST_HASH_KEY: 'hash-key-of-the-tests',
    BLOCKLIST_PORT: '0',
    BLOCKLIST_API_KEY: API_KEY,
    BLOCKLIST_WEBHOOK_SECRET: WEBHOOK_SECRET,
  };
}

export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const database = options.databaseUrl === undefined ? await createTestDatabase({ migrated: true }) : undefined;
  const databaseUrl = options.databaseUrl ?? database?.url ?? '';
  const temporal = await getTemporal();
  const config = readConfig({ ...gatewayEnvironment(databaseUrl), ...options.env });
  const lines: string[] = [];
  const destination = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const gateway = await startGateway(config, {
    temporal,
    codecKeys: [],
    log: { level: 'debug', destination },
    ...options.gateway,
  });
  const storage = await openStorage({ databaseUrl, hashKey: config.hashKey, connections: 4 });
  return {
    gateway,
    config,
    storage,
    temporal,
    log: () => lines.join(''),
    call: (method, path, body, headers = {}) => callGateway(gateway.url, method, path, body, headers),
    async close() {
      await gateway.close();
      await storage.close();
      await database?.drop();
    },
  };
}

export function callGateway(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const isJson = body !== undefined && typeof body !== 'string';
  return fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `App ${API_KEY}`,
      'x-webhook-secret': WEBHOOK_SECRET,
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : (body as string) }),
  });
}

/** Between its fence and its settling: a provider call is under way until the answer is called. */
export async function beginDispatch(storage: Storage, permitId: string): Promise<() => Promise<void>> {
  const account = await storage.accounts.get();
  const [fenced] = await storage.permits.fence(account.rootId, [permitId]);
  if (fenced === undefined) throw new Error('the fence refused the message');
  return async () => {
    await storage.permits.settle([{ id: fenced.id, attempt: fenced.attempt, state: 'sent' }]);
  };
}
