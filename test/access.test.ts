// Who may call the gateway: keys, roles, account trees, rates; and what it tells about itself.
import { randomUUID } from 'node:crypto';
import fastify from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.js';
import { maskDestination } from '../src/domain/masking.js';
import { hasRole } from '../src/domain/roles.js';
import { guardRoutes } from '../src/gateway/access/route-access.js';
import { apiKeyStore } from '../src/storage/api-keys.js';
import { API_KEY, gatewayEnvironment, startTestGateway, type TestGateway } from './support/running-gateway.js';

const ROOT = '00000000000000000000000000000001';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

interface Answer {
  readonly status: number;
  // The answers of many routes, told apart by the tests that read them.
  readonly body: Record<string, unknown>;
}

async function call(key: string, method: string, path: string, body?: unknown): Promise<Answer> {
  const answer = await test.call(method, path, body, { authorization: `App ${key}` });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

async function newKey(role: string, accountKey?: string): Promise<{ readonly id: number; readonly key: string }> {
  const made = await call(API_KEY, 'POST', '/api/v1/keys', { name: `a ${role}`, role, accountKey });
  expect(made.status).toBe(201);
  return made.body as { id: number; key: string };
}

async function newAccount(parentKey: string = ROOT): Promise<string> {
  const made = await call(API_KEY, 'POST', '/api/v1/accounts', { parentKey, name: 'of a test' });
  expect(made.status).toBe(201);
  return (made.body as { accountKey: string }).accountKey;
}

describe('a key', () => {
  it('is told once, kept as a hash, listed by its prefix, and opens what its role allows', async () => {
    const { id, key } = await newKey('editor');
    expect(key).toMatch(/^blk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/);
    const listed = await call(API_KEY, 'GET', '/api/v1/keys');
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect((listed.body['keys'] as unknown[]).find((each) => (each as { id: number }).id === id)).toMatchObject({
      prefix: key.slice(4, 16),
      role: 'editor',
      accountKey: ROOT,
      createdBy: 'api-key:bootstrap',
    });
    const rows = await test.storage.db.query('select k::text as text from api_keys k');
    expect(JSON.stringify(rows.rows)).not.toContain(key.slice(17));
    expect((await call(key, 'GET', '/api/v1/accounts')).status).toBe(200);
    expect((await call(key, 'POST', '/api/v1/accounts', {})).status).toBe(403);
    expect((await call(key, 'GET', '/api/v1/keys')).status).toBe(403);
  });

  it.each(['Bearer', 'Basic'])('is taken as %s too', async (scheme) => {
    const { key } = await newKey('viewer');
    const text = scheme === 'Basic' ? Buffer.from(`anybody:${key}`).toString('base64') : key;
    const answer = await test.call('GET', '/api/v1/accounts', undefined, { authorization: `${scheme} ${text}` });
    expect(answer.status).toBe(200);
  });

  it('that was revoked opens nothing from the next request on, and stays revoked', async () => {
    const { id, key } = await newKey('administrator');
    expect((await call(key, 'GET', '/api/v1/keys')).status).toBe(200);
    const revoked = await call(API_KEY, 'DELETE', `/api/v1/keys/${id}`);
    expect(revoked.body).toMatchObject({ id, revokedBy: 'api-key:bootstrap' });
    expect((await call(key, 'GET', '/api/v1/keys')).status).toBe(401);
    expect((await call(API_KEY, 'DELETE', `/api/v1/keys/${id}`)).body).toEqual(revoked.body);
  });

  it('with the right prefix and a wrong end is none', async () => {
    const { key } = await newKey('viewer');
    const forged = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    expect((await call(forged, 'GET', '/api/v1/accounts')).status).toBe(401);
    const keys = apiKeyStore(test.storage.db);
    await expect(keys.find(forged)).resolves.toBeUndefined();
    await expect(keys.find(key)).resolves.toMatchObject({ role: 'viewer' });
  });
});

describe('an account tree', () => {
  it('is all that a key sees: another tree is as unknown as one that does not exist', async () => {
    const mine = await newAccount();
    const below = await newAccount(mine);
    const sibling = await newAccount();
    const { key } = await newKey('administrator', mine);
    const accounts = (await call(key, 'GET', '/api/v1/accounts')).body['accounts'] as { accountKey: string }[];
    expect(accounts.map(({ accountKey }) => accountKey)).toEqual([mine, below]);
    for (const foreign of [sibling, ROOT, 'F'.repeat(32)]) {
      for (const path of ['/api/v1/why/385910000001', '/api/v1/campaigns/x/report']) {
        const answer = await call(key, 'GET', `${path}?accountKey=${foreign}`);
        expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
      }
      const made = await call(key, 'POST', '/api/v1/keys', { name: 'x', role: 'viewer', accountKey: foreign });
      expect(made.status).toBe(404);
      expect((await call(key, 'POST', '/api/v1/accounts', { parentKey: foreign })).status).toBe(404);
    }
    expect((await call(key, 'GET', `/api/v1/why/385910000001?accountKey=${below}`)).status).toBe(200);
  });

  it('keeps keys and accounts of others from being revoked or moved', async () => {
    const { id } = await newKey('viewer');
    const mine = await newAccount();
    const { key } = await newKey('administrator', mine);
    expect((await call(key, 'DELETE', `/api/v1/keys/${id}`)).status).toBe(404);
    const other = await newAccount();
    expect((await call(key, 'POST', '/api/v1/accounts', { accountKey: other })).status).toBe(409);
    expect((await call(key, 'GET', `/api/v1/broadcasts/${randomUUID()}`)).status).toBe(404);
  });
});

describe('roles', () => {
  it('include those before them', () => {
    expect(hasRole('administrator', 'viewer')).toBe(true);
    expect(hasRole('editor', 'editor')).toBe(true);
    expect(hasRole('viewer', 'editor')).toBe(false);
  });

  it('of viewers see destinations masked', () => {
    expect(maskDestination('385911234567')).toBe('385*******67');
    expect(maskDestination('12345')).toBe('1***5');
    expect(maskDestination('ann.lee@example.com')).toBe('a******@example.com');
    expect(maskDestination('example.com')).toBe('example.com');
  });

  it('must be stated by every route, with its schemas', async () => {
    const withRoute = async (route: object) => {
      const app = fastify().withTypeProvider<ZodTypeProvider>();
      guardRoutes(app, () => Promise.reject(new Error('nobody')));
      app.route({ method: 'GET', url: '/x/:id', handler: async () => 'x', ...route });
      await app.ready();
    };
    const schema = { params: {}, response: { 200: {} } };
    await expect(withRoute({ schema })).rejects.toThrow('does not state its access');
    await expect(withRoute({ config: { access: 'viewer' } })).rejects.toThrow('has no schema of its parameters');
    await expect(withRoute({ config: { access: 'viewer' }, schema: { params: {} } })).rejects.toThrow(
      'has no schema of its answers',
    );
    await expect(withRoute({ config: { access: 'viewer' }, schema })).resolves.toBeUndefined();
  });
});

describe('rates', () => {
  it('limit each key by itself, and say when to come back', async () => {
    const other = await startTestGateway({ env: { BLOCKLIST_REQUESTS_PER_SECOND: '5' } });
    const ask = () => other.call('GET', '/api/v1/accounts');
    const answers = await Promise.all(Array.from({ length: 12 }, ask));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused[0]?.json()).toMatchObject({ error: { code: 'TOO_MANY_REQUESTS' } });
    expect((await other.call('GET', '/healthz')).status).toBe(200);
    await expect.poll(async () => (await ask()).status, { timeout: 5_000 }).toBe(200);
    await other.close();
  });

  it.each([
    ['BLOCKLIST_REQUESTS_PER_SECOND', 'many'],
    ['BLOCKLIST_DOCUMENTED_RATES', 'yes'],
    ['BLOCKLIST_RETENTION_DAYS', '0'],
  ])('that make no sense are refused: %s=%s', (name, value) => {
    expect(() => readConfig({ ...gatewayEnvironment('postgres://x'), [name]: value })).toThrow(name);
  });
});

describe('the OpenAPI document', () => {
  interface Operation {
    readonly security: unknown[];
    readonly requestBody?: unknown;
    readonly responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
  }
  /** They act on what their address names. */
  const WITHOUT_BODY = /\/(pause|resume|cancel|undo|reverse)$/;

  it('describes every operation: who may call it, what it takes, what it answers', async () => {
    const answer = await test.call('GET', '/docs/json', undefined, { authorization: '' });
    const { paths } = (await answer.json()) as { paths: Record<string, Record<string, Operation>> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(operations.length).toBeGreaterThan(20);
    for (const { path, method, operation } of operations) {
      const name = `${method} ${path}`;
      expect(operation.security, name).toBeDefined();
      if (path.startsWith('/api/')) expect(operation.security, name).not.toEqual([]);
      if (method === 'post' && !WITHOUT_BODY.test(path)) expect(operation.requestBody, name).toBeDefined();
      const statuses = Object.keys(operation.responses);
      expect(
        statuses.some((status) => status.startsWith('2')),
        name,
      ).toBe(true);
      for (const [status, response] of Object.entries(operation.responses)) {
        if (status !== '202' && status !== '204') expect(response.content, `${name} ${status}`).toBeDefined();
      }
    }
  });

  it('has a page that asks nothing of other servers', async () => {
    const page = await fetch(`${test.gateway.url}/docs/`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'(?!.*https?:)/);
    expect(await page.text()).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});
