// The gateway as operators and callers meet it: keys, errors, health, metrics, logs, its codec and sandbox doors, and its end.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig, type Config } from '../src/config.js';
import { createDatabase } from '../src/dev/postgres-databases.js';
import { ScratchServers } from '../src/dev/scratch-servers.js';
import { signOptOutLink } from '../src/domain/opt-out-link.js';
import { GroupCommit } from '../src/gateway/group-commit.js';
import { isNearby } from '../src/gateway/secrets.js';
import { startGateway } from '../src/gateway/server.js';
import { BlocklistCodec } from '../src/plugin/codec.js';
import { parseCodecKeys } from '../src/plugin/codec-keys.js';
import { runSandbox, type RunningSandbox } from '../src/providers/sandbox/run-sandbox.js';
import { migrate } from '../src/storage/migrate.js';
import { createTestDatabase } from './support/servers.js';
import {
  API_KEY,
  beginDispatch,
  callGateway,
  gatewayEnvironment,
  startTestGateway,
  WEBHOOK_SECRET,
  type TestGateway,
} from './support/running-gateway.js';
import { claim, send } from './support/storage-fixture.js';

const CODEC_KEYS = `k1:${randomBytes(32).toString('base64')}`;
const NOWHERE = { address: '127.0.0.1:1', namespace: 'default' };

let test: TestGateway;
let sandbox: RunningSandbox;
let sandboxDir: string;

beforeAll(async () => {
  sandboxDir = mkdtempSync(join(tmpdir(), 'gateway-sandbox-'));
  sandbox = await runSandbox({ logFile: join(sandboxDir, 'log.jsonl'), webhookSecret: WEBHOOK_SECRET });
  test = await startTestGateway({
    env: { BLOCKLIST_SANDBOX_URL: sandbox.url, BLOCKLIST_CODEC_ORIGINS: 'https://temporal.example.com/' },
    gateway: { codecKeys: CODEC_KEYS },
  });
  sandbox.setGatewayUrl(test.gateway.url);
});
afterAll(async () => {
  await test.close();
  await sandbox.close();
  rmSync(sandboxDir, { recursive: true });
});

const aReply = (from: string, more: object = {}) => ({
  messageId: randomUUID(),
  from,
  to: '10950',
  channel: 'SMS',
  text: 'STOP',
  ...more,
});
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('the API key', () => {
  it.each([
    ['App', `App ${API_KEY}`],
    ['Bearer', `Bearer ${API_KEY}`],
    ['Basic, as the password', basic(`anybody:${API_KEY}`)],
    ['Basic, as the user', basic(`${API_KEY}:`)],
  ])('is taken as %s', async (_, authorization) => {
    const answer = await test.call('GET', '/api/v1/why/385910000001', undefined, { authorization });
    expect(answer.status).toBe(200);
  });

  it.each([
    ['missing', ''],
    ['wrong', 'App something-else'],
    ['wrong in Basic', basic('a:b')],
    ['nothing but a scheme', 'App '],
    ['of an unknown scheme', `Digest ${API_KEY}`],
  ])('that is %s is refused with words', async (_, authorization) => {
    for (const path of ['/api/v1/why/385910000001', '/api/v1/campaigns/x/report', '/api/v1/broadcasts/1']) {
      const answer = await test.call('GET', path, undefined, { authorization });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({
        error: { code: 'UNAUTHORIZED', message: expect.stringContaining('API key') },
      });
    }
  });

  it('that nobody has configured opens nothing', async () => {
    const other = await startTestGateway({ env: { BLOCKLIST_API_KEY: undefined } });
    const answer = await other.call('GET', '/api/v1/why/385910000001');
    expect(answer.status).toBe(401);
    expect(JSON.stringify(await answer.json())).toContain('Set BLOCKLIST_API_KEY');
    await other.close();
  });
});

describe('webhooks without a secret', () => {
  const withoutSecret = async () => {
    const { url, drop } = await createTestDatabase({ migrated: true });
    const { BLOCKLIST_WEBHOOK_SECRET: _, ...env } = gatewayEnvironment(url);
    return { config: readConfig(env), drop };
  };

  it('keep the gateway from starting', async () => {
    const { config, drop } = await withoutSecret();
    await expect(startGateway(config, { temporal: NOWHERE })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining('BLOCKLIST_WEBHOOK_SECRET'),
    });
    await drop();
  });

  it('are taken from this machine alone where the composition allows it, and the gateway says so', async () => {
    const other = await startTestGateway({
      env: { BLOCKLIST_WEBHOOK_SECRET: undefined },
      gateway: { allowLoopbackWebhooks: true },
    });
    const post = (headers: Record<string, string>) =>
      other.call('POST', '/inbound/sandbox/sms', { results: [] }, headers);
    expect((await post({})).status).toBe(200);
    expect((await post({ 'x-forwarded-for': '203.0.113.9' })).status).toBe(401);
    expect(other.log().match(/webhooks are taken from this machine only/g)).toHaveLength(1);
    await other.close();
  });
});

describe('the port', () => {
  const busyPort = async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      port: (server.address() as AddressInfo).port,
      release: () => new Promise((resolve) => server.close(resolve)),
    };
  };

  it('that is asked for and busy is a clear error', async () => {
    const busy = await busyPort();
    const database = await createTestDatabase({ migrated: true });
    const config = readConfig({ ...gatewayEnvironment(database.url), BLOCKLIST_PORT: String(busy.port) });
    await expect(startGateway(config, { temporal: NOWHERE, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'CONFIGURATION',
      message: expect.stringContaining(`Port ${busy.port} of BLOCKLIST_PORT is in use`),
    });
    await busy.release();
    await database.drop();
  });

  it('that nobody asked for is the first free one from 8080 on', async () => {
    const options = { env: { BLOCKLIST_PORT: undefined }, gateway: { host: '127.0.0.1' } };
    const first = await startTestGateway(options);
    const second = await startTestGateway(options);
    expect(first.gateway.port).toBeGreaterThanOrEqual(8080);
    expect(second.gateway.port).toBeGreaterThan(first.gateway.port);
    expect((await fetch(`${second.gateway.url}/healthz`)).status).toBe(200);
    await first.close();
    await second.close();
  });
});

describe('errors', () => {
  it.each([
    ['an address that does not exist', 'GET', '/nothing/here?secret=1', undefined, 404, 'NOT_FOUND'],
    ['a method that it does not know', 'DELETE', '/inbound/sandbox/sms', undefined, 404, 'NOT_FOUND'],
    [
      'an account that does not exist',
      'GET',
      `/api/v1/why/385910000001?accountKey=${'A'.repeat(32)}`,
      undefined,
      404,
      'NOT_FOUND',
    ],
    ['an account key that is none', 'GET', '/api/v1/why/385910000001?accountKey=1', undefined, 400, 'INVALID_INPUT'],
    ['a destination that is none', 'GET', '/api/v1/why/nobody', undefined, 400, 'INVALID_DESTINATION'],
    ['a national number', 'GET', '/api/v1/why/0915550123', undefined, 400, 'INVALID_DESTINATION'],
    ['a campaign that never was', 'GET', '/api/v1/campaigns/never/report', undefined, 404, 'NOT_FOUND'],
    ['a path with a broken escape', 'GET', '/api/v1/why/%E0%A4%A', undefined, 400, 'INVALID_INPUT'],
  ])('for %s have a code and words, and no stack', async (_, method, path, body, status, code) => {
    const answer = await test.call(method, path, body);
    const text = await answer.text();
    expect(answer.status).toBe(status);
    expect(JSON.parse(text)).toMatchObject({ error: { code, message: expect.stringMatching(/.{15}/) } });
    expect(text).not.toMatch(/node_modules|\.ts:|\.js:|\n +at /);
  });

  it('never name the destination asked for', async () => {
    const answer = await test.call('GET', '/api/v1/why/0915550123456');
    expect(await answer.text()).not.toContain('0915550123456');
  });
});

describe('hostile requests', () => {
  it('are refused with a 4xx, or taken with counted rejects, and never fail the gateway', async () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u0000', '\ud800', '385911234567', 'SMS', '__proto__'),
    );
    const value = fc.oneof(
      text,
      fc.double(),
      fc.constant(null),
      fc.jsonValue(),
      fc.constantFrom(1e300, -1, '9'.repeat(400)),
    );
    const item = fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          'messageId',
          'from',
          'to',
          'text',
          'receivedAt',
          'channel',
          'status',
          'doneAt',
          'seenAt',
          'inReplyTo',
          'campaignReferenceId',
        ),
        text,
      ),
      value,
    );
    const posts = fc.record({
      path: fc.constantFrom(
        '/inbound/sandbox/sms',
        '/inbound/sandbox/email',
        '/inbound/infobip/sms',
        '/inbound/sandbox/reports',
        '/inbound/infobip/reports',
        '/api/v1/broadcasts',
        '/codec/decode',
        '/u/x',
      ),
      body: fc.oneof(fc.record({ results: fc.array(fc.oneof(item, value)) }), item, value),
    });
    const gets = fc.record({
      path: fc.constantFrom('/api/v1/why/', '/api/v1/campaigns/', '/u/', '/api/v1/broadcasts/', '/'),
      rest: fc.oneof(
        text.map((part) => encodeURIComponent(part.toWellFormed())),
        fc.constantFrom('%00', '%00/report', '%ff', 'a?messages=1e999', 'a?at=x&at=y', 'x'.repeat(5_000)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(posts, gets, async ({ path, body }, get) => {
        const posted = await test.call('POST', path, JSON.stringify(body) ?? '', {
          'content-type': 'application/json',
        });
        const got = await test.call('GET', get.path + get.rest);
        expect(posted.status).toBeLessThan(500);
        expect(got.status).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });
});

describe('questions', () => {
  it('why: the history of a person, however the number is written', async () => {
    const message = await send(test.storage, { to: '385930000001', campaign: 'summer' });
    await test.call('POST', '/inbound/sandbox/sms', { results: [aReply('385930000001')] });
    for (const written of ['385930000001', '+385 93 0000001', '00385930000001']) {
      const answer = await test.call('GET', `/api/v1/why/${encodeURIComponent(written)}`);
      expect(answer.status).toBe(200);
      const why = (await answer.json()) as { messages: unknown; replies: unknown };
      expect(why.messages).toMatchObject([{ permitId: message.permitId, campaign: 'summer', state: 'sent' }]);
      expect(why.replies).toHaveLength(1);
      expect(JSON.stringify(why)).not.toContain('385930000001');
    }
  });

  it('report: what became of a campaign, delivered ones included', async () => {
    const reference = 'black friday / 50 % & more';
    const message = await send(test.storage, { to: '385930000002', campaign: reference });
    await send(test.storage, { to: '385930000003', campaign: reference });
    await test.call('POST', '/inbound/sandbox/reports', { results: [{ messageId: message.permitId, status: 'SEEN' }] });
    const answer = await test.call('GET', `/api/v1/campaigns/${encodeURIComponent(reference)}/report`);
    expect(await answer.json()).toMatchObject({
      campaign: reference,
      audience: 2,
      permitted: 2,
      sent: 2,
      delivered: 1,
      seen: 1,
    });
  });
});

describe('health', () => {
  it('is always answered, and readiness as soon as traffic is served', async () => {
    expect(await (await test.call('GET', '/healthz')).json()).toEqual({ status: 'ok' });
    const ready = await test.call('GET', '/readyz');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ status: 'ready' });
  });

  it('without Temporal: not ready and says why, but replies are taken all the same', async () => {
    const other = await startTestGateway({ gateway: { temporal: NOWHERE } });
    const ready = await other.call('GET', '/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      status: 'unavailable',
      reasons: [{ part: 'temporal', message: expect.stringContaining('TEMPORAL_ADDRESS') }],
    });
    const startedAt = performance.now();
    const answer = await other.call('POST', '/inbound/sandbox/sms', { results: [aReply('385930000004')] });
    expect(await answer.json()).toMatchObject({ accepted: 1 });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await other.close();
  });
});

describe('metrics', () => {
  it('have the names that dashboards rely on, with the backlog as it is', async () => {
    await claim(test.storage, { to: '385930000005' });
    await test.call('POST', '/inbound/sandbox/sms', { results: [aReply('385930000005'), aReply('x')] });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const answer = await test.call('GET', '/metrics');
    expect(answer.headers.get('content-type')).toContain('text/plain');
    const text = await answer.text();
    for (const name of [
      'blocklist_silence_seconds',
      'blocklist_sends_total',
      'blocklist_inbox_oldest_unread_seconds',
      'blocklist_outbox_oldest_seconds',
      'blocklist_held',
      'blocklist_unknown_total',
      'blocklist_claim_seconds',
    ]) {
      expect(text).toContain(`# TYPE ${name} `);
    }
    const valueOf = (series: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1],
      );
    expect(valueOf('blocklist_silence_seconds_count{via="reply"}')).toBeGreaterThan(0);
    expect(valueOf('blocklist_inbox_oldest_unread_seconds')).toBeGreaterThan(0);
    expect(valueOf('blocklist_held{reason="UNREAD_REPLY"}')).toBeGreaterThan(0);
    expect(valueOf('blocklist_held{reason="HALT"}')).toBe(0);
    expect(valueOf('blocklist_inbound_rejected_total{kind="reply"}')).toBeGreaterThan(0);
    expect(text).not.toContain('385930000005');
  });
});

describe('the sandbox behind the gateway', () => {
  it('answers under /sandbox, and a reply injected there comes back through the webhook', async () => {
    const answer = await test.call('POST', '/sandbox/replies', {
      from: '385930000006',
      to: '10950',
      channel: 'SMS',
      text: 'STOP',
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 200,
      acknowledgedAt: expect.stringMatching(/^\d{4}-.*\.\d{6}Z$/),
    });
    expect(await (await test.call('GET', '/sandbox/messages?limit=5')).json()).toEqual({ messages: [], next: null });
    expect((await test.call('GET', '/sandbox/messages?limit=x')).status).toBe(400);
  });

  it.each([
    '/sandbox/send',
    '/sandbox//send',
    '/sandbox/%73end',
    '/sandbox/x/../send',
    '/sandbox/send?x=1',
    '/sandbox/send/',
  ])('takes no message by %s: only a worker with a permit hands over', async (path) => {
    const message = {
      permitId: randomUUID(),
      to: '385930000007',
      channel: 'SMS',
      sender: '10950',
      text: 'x',
      kind: 'message',
    };
    expect((await test.call('POST', path, { messages: [message] })).status).toBeGreaterThanOrEqual(400);
    expect(await (await test.call('GET', '/sandbox/messages')).json()).toEqual({ messages: [], next: null });
  });

  it('asks other machines for the key, since whoever injects replies can opt people in', async () => {
    const reply = { from: '385930000006', to: '10950', channel: 'SMS', text: 'START' };
    const elsewhere = { 'x-forwarded-for': '203.0.113.9' };
    expect((await test.call('POST', '/sandbox/replies', reply, { ...elsewhere, authorization: '' })).status).toBe(401);
    expect((await test.call('POST', '/sandbox/replies', reply, elsewhere)).status).toBe(200);
  });

  it('is not there without a sandbox, and missed when it is down', async () => {
    const other = await startTestGateway();
    expect((await other.call('GET', '/sandbox/messages')).status).toBe(404);
    await other.close();
    const down = await startTestGateway({ env: { BLOCKLIST_SANDBOX_URL: 'http://127.0.0.1:1' } });
    const answer = await down.call('GET', '/sandbox/messages');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: { code: 'PROVIDER_UNAVAILABLE' } });
    await down.close();
  });
});

describe('the codec for Temporal Web', () => {
  const codec = new BlocklistCodec(parseCodecKeys(CODEC_KEYS));
  const decode = async (headers: Record<string, string>) => {
    const [payload] = await codec.encode([
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"hello"') },
    ]);
    const toBase64 = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
    const metadata = Object.fromEntries(
      Object.entries(payload?.metadata ?? {}).map(([name, value]) => [name, toBase64(value)]),
    );
    return callGateway(
      test.gateway.url,
      'POST',
      '/codec/decode',
      { payloads: [{ metadata, data: toBase64(payload?.data) }] },
      { 'x-namespace': 'default', authorization: '', ...headers },
    );
  };

  it.each(['http://localhost:8233', 'http://127.0.0.1:8233', 'https://temporal.example.com'])(
    'opens payloads for %s',
    async (origin) => {
      const preflight = await fetch(`${test.gateway.url}/codec/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-namespace',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-allow-headers')).toMatch(/content-type.*x-namespace/);
      expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');

      const answer = await decode({ origin });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      const { payloads } = (await answer.json()) as { payloads: { data: string }[] };
      expect(Buffer.from(payloads[0]?.data ?? '', 'base64').toString()).toBe('"hello"');
    },
  );

  it('keeps them from the pages of strangers', async () => {
    const answer = await decode({ origin: 'https://evil.example.com' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('asks other machines for the key', async () => {
    expect((await decode({ 'x-forwarded-for': '203.0.113.9' })).status).toBe(401);
    expect((await decode({ 'x-forwarded-for': '203.0.113.9', authorization: `Bearer ${API_KEY}` })).status).toBe(200);
    // An origin is no proof from somebody who is no browser.
    const forged = { 'x-forwarded-for': '203.0.113.9', origin: 'https://temporal.example.com' };
    expect((await decode(forged)).status).toBe(401);
  });

  it.each([
    ['172.18.0.1', true],
    ['::ffff:172.31.255.1', true],
    ['10.1.2.3', true],
    ['192.168.0.7', true],
    ['fd12:3456::1', true],
    ['::1', true],
    ['172.32.0.1', false],
    ['203.0.113.9', false],
    ['2001:db8::1', false],
    [undefined, false],
  ])('takes %s for a neighbour: %s', (remoteAddress, isNear) => {
    expect(isNearby({ socket: { remoteAddress }, headers: {} } as FastifyRequest)).toBe(isNear);
    const headers = { 'x-forwarded-for': '10.0.0.1' };
    expect(isNearby({ socket: { remoteAddress }, headers } as unknown as FastifyRequest)).toBe(false);
  });

  it('is closed to a configuration that names no origins', () => {
    const env = gatewayEnvironment('postgres://unused');
    for (const origins of ['temporal.example.com', 'https://temporal.example.com/ui', '*']) {
      expect(() => readConfig({ ...env, BLOCKLIST_CODEC_ORIGINS: origins })).toThrow(/must list origins such as/);
    }
  });

  it('refuses what is no list of payloads', async () => {
    const answer = await test.call('POST', '/codec/decode', { payloads: 'x' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { code: 'INVALID_INPUT', violations: [{ path: 'payloads' }] } });
  });
});

describe('the log', () => {
  it('is JSON and holds route templates: no URL, token, destination, text or key', async () => {
    const secrets = [
      '385930777777',
      'a-token-in-a-link',
      'text of a person',
      'campaign-in-url',
      API_KEY,
      WEBHOOK_SECRET,
    ];
    await test.call('POST', '/inbound/sandbox/sms', {
      results: [aReply('385930777777', { text: 'text of a person' })],
    });
    await test.call('GET', '/api/v1/why/385930777777');
    await test.call('GET', '/api/v1/campaigns/campaign-in-url/report');
    await test.call('GET', '/u/a-token-in-a-link');
    await test.call('POST', '/u/a-token-in-a-link');
    await test.call('GET', '/nothing/385930777777');
    await test.call('POST', '/inbound/sandbox/sms', '{"results":["385930777777"', {
      'content-type': 'application/json',
    });
    const lines = test
      .log()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const routes = new Set(lines.map((line) => line['route']));
    expect([...routes]).toEqual(
      expect.arrayContaining(['/u/:token', '/api/v1/why/:destination', '/inbound/sandbox/sms', 'unknown']),
    );
    for (const secret of secrets) expect(test.log()).not.toContain(secret);
  });
});

describe('the end', () => {
  it('answers what is under way before it closes, and takes nothing new', async () => {
    const other = await startTestGateway();
    const { permitId } = await claim(other.storage, { to: '385930000008' });
    const settle = await beginDispatch(other.storage, permitId);
    const underWay = other.call('POST', '/inbound/sandbox/sms', { results: [aReply('385930000008')] });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const closing = other.gateway.close();
    await expect(
      other.call('POST', '/inbound/sandbox/sms', { results: [] }).then(
        ({ status }) => status,
        () => 503,
      ),
    ).resolves.toBe(503);
    await settle();
    const answer = await underWay;
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ accepted: 1 });
    await closing;
    await other.close();
  });
});

function anyLink(config: Config): string {
  const [key] = config.linkKeys;
  if (key === undefined) throw new Error('no key');
  const link = {
    permitId: randomUUID(),
    contactId: '1',
    accountId: 1,
    channel: 'SMS',
    senderId: 1,
    level: 'FROM_ANY_SENDER',
    issuedDay: 1,
  } as const;
  return signOptOutLink(key, link);
}

describe('storage that is down', () => {
  it('gives 503 with a time to try again, to people a page that says so, and loses nothing that was acknowledged', async () => {
    const servers = new ScratchServers();
    const postgres = await servers.startPostgres({ isDurable: true });
    const databaseUrl = await createDatabase(postgres.adminUrl, 'gateway', 'template0');
    await migrate(databaseUrl);
    const other = await startTestGateway({ databaseUrl });
    const first = aReply('385930000009');
    expect((await other.call('GET', '/platform/1/blocklists')).status).toBe(200);
    expect((await other.call('POST', '/inbound/sandbox/sms', { results: [first] })).status).toBe(200);

    await postgres.kill();
    const second = aReply('385930000009');
    const refused = await other.call('POST', '/inbound/sandbox/sms', { results: [second] });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { code: 'STORAGE_UNAVAILABLE' } });
    const compatible = await other.call('GET', '/platform/1/blocklists');
    expect(compatible.status).toBe(500);
    expect(Number(compatible.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await compatible.json()).toEqual({
      requestError: {
        serviceException: { messageId: 'GENERAL_ERROR', text: 'Something went wrong. Please contact support.' },
      },
    });
    const ready = await other.call('GET', '/readyz');
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ reasons: [{ part: 'database' }] });
    expect((await other.call('GET', '/metrics')).status).toBe(200);
    const page = await fetch(`${other.gateway.url}/u/${anyLink(other.config)}`, { method: 'POST' });
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('Try again');

    await postgres.start();
    await expect
      .poll(async () => (await other.call('GET', '/readyz')).json(), { timeout: 20_000 })
      .toEqual({ status: 'ready' });
    const again = await other.call('POST', '/inbound/sandbox/sms', { results: [first, second] });
    expect(await again.json()).toEqual({ accepted: 1, duplicates: 1, rejected: [] });
    await other.close();
    await servers.stop();
  });
});

describe('group commit', () => {
  const options = { mostItems: 3, concurrency: 1, patienceMs: 0, mostWaiting: 6 };

  it('gathers what arrives while a commit is under way, up to its most', async () => {
    const commits: number[][] = [];
    const held: (() => void)[] = [];
    const queue = new GroupCommit<number, number>(async (items) => {
      commits.push([...items]);
      await new Promise<void>((resolve) => held.push(resolve));
      return items.map((item) => item * 10);
    }, options);
    const answers = [queue.add([1]), queue.add([2]), queue.add([3, 4]), queue.add([5]), queue.add([])];
    for (let n = 0; n < 3; n += 1) {
      await expect.poll(() => held.length).toBe(n + 1);
      held[n]?.();
    }
    expect(await Promise.all(answers)).toEqual([[10], [20], [30, 40], [50], []]);
    expect(commits).toEqual([[1], [2, 3, 4], [5]]);
    await queue.drained();
  });

  it('fails those whose items failed, cuts what is too large, and refuses what it could not remember', async () => {
    const commits: number[][] = [];
    const queue = new GroupCommit<number, number>((items) => {
      commits.push([...items]);
      return items.includes(13) ? Promise.reject(new Error('no')) : Promise.resolve([...items]);
    }, options);
    const bad = queue.add([13]);
    const good = queue.add([1, 2, 3, 4, 5]);
    await expect(queue.add([6, 7])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true });
    await expect(bad).rejects.toThrow('no');
    expect(await good).toEqual([1, 2, 3, 4, 5]);
    expect(commits).toEqual([[13], [1, 2, 3], [4, 5]]);
  });
});
