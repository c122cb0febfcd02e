// A session through real processes, with destinations, texts and keys that can be told anywhere: conversations, replies, a
// link, an evaluated event, a broadcast, a halt, refusals of the provider, and a lot of input that is wrong.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect } from 'vitest';
import { freePort } from '../../src/dev/ports.js';
import { BlocklistPlugin } from '../../src/plugin/blocklist-plugin.js';
import { BlocklistClient } from '../../src/plugin/client.js';
import { openTestSandbox, type TestSandbox } from '../../src/testing/test-sandbox.js';
import type { Evidence, Secret } from './leak-search.js';
import { API_KEY, gatewayEnvironment, startTestGateway, WEBHOOK_SECRET, type TestGateway } from './running-gateway.js';
import { createTestDatabase, type TestDatabase } from './servers.js';
import { flowsBundle, installRuntime, until } from './team.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const PHONES = ['385915550123', '385987776541', '385924443219', '385953332108', '385997418529'] as const;
const [ANNA, BORIS, CILLA, DORA, EMIL] = PHONES;
const EMAIL = 'zora.leakova@people.example.net';
const TEXT = 'marigold umbrella';
const REPLY_TEXT = 'tangerine saxophone';
const CODEC_SECRET = randomBytes(32).toString('base64');
export const CODEC_KEYS = `k1:${CODEC_SECRET}`;
const HASH_KEY = gatewayEnvironment('')['BLOCKLIST_HASH_KEY'] ?? '';

export const SECRETS: readonly Secret[] = [
  ...PHONES.map((value) => ({ kind: 'phone', value }) as const),
  { kind: 'email', value: EMAIL },
  ...[TEXT, REPLY_TEXT, CODEC_SECRET, HASH_KEY, API_KEY, WEBHOOK_SECRET].map(
    (value) => ({ kind: 'text', value }) as const,
  ),
];

/** Those of them that who has the codec key must find in the histories. */
export const READABLE: readonly string[] = [ANNA, BORIS, TEXT, REPLY_TEXT];

/** What tells who the people are, and what they wrote. */
export const PERSONAL: readonly string[] = [...PHONES, EMAIL, REPLY_TEXT];

let database: TestDatabase;
let sandbox: TestSandbox;
let gateway: TestGateway;
let shared: ChildProcess;
let sharedLog = '';
let metricsUrl: string;
let environment: NodeJS.ProcessEnv;
let connection: NativeConnection;
let team: Worker;
let running: Promise<void>;
let service: BlocklistClient;
const said: Evidence[] = [];

export interface Session {
  readonly gateway: TestGateway;
  readonly service: BlocklistClient;
  /** Answers to requests that went wrong, and what commands said on stderr. */
  readonly said: readonly Evidence[];
  /** What the process of the shared workers wrote. */
  readonly workerLog: string;
  readonly workerMetrics: string;
}

/** One for a process; close it also when it fails. */
export async function playSession(): Promise<Session> {
  await open();
  await play();
  const workerMetrics = await (await fetch(metricsUrl)).text();
  return { gateway, service, said, workerLog: sharedLog, workerMetrics };
}

async function open(): Promise<void> {
  installRuntime();
  database = await createTestDatabase({ migrated: true });
  sandbox = await openTestSandbox({ webhookSecret: WEBHOOK_SECRET, reportsShare: 1, reportsAfterMs: 50 });
  gateway = await startTestGateway({
    databaseUrl: database.url,
    env: { BLOCKLIST_SANDBOX_URL: sandbox.url },
    gateway: { codecKeys: CODEC_KEYS },
  });
  sandbox.setGatewayUrl(gateway.gateway.url);
  const { address, namespace } = gateway.temporal;
  const port = await freePort();
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  environment = {
    PATH: process.env['PATH'],
    ...gatewayEnvironment(database.url),
    BLOCKLIST_CODEC_KEY: CODEC_KEYS,
    BLOCKLIST_SANDBOX_URL: sandbox.url,
    BLOCKLIST_METRICS_PORT: String(port),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  shared = spawn(process.execPath, [MAIN, 'worker'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [shared.stdout, shared.stderr]) stream?.on('data', (chunk) => (sharedLog += String(chunk)));
  await until(() => sharedLog.includes('serving the task queues'), 'the shared worker', 60_000);
  connection = await NativeConnection.connect({ address });
  team = await Worker.create({
    connection,
    namespace,
    taskQueue: 'team',
    workflowBundle: await flowsBundle({ codecKeys: CODEC_KEYS }),
    plugins: [new BlocklistPlugin({ codecKeys: CODEC_KEYS })],
  });
  running = team.run();
  service = new BlocklistClient({ address, namespace, codecKeys: CODEC_KEYS });
}

export async function closeSession(): Promise<void> {
  if (team?.getState() === 'RUNNING') team.shutdown();
  await running;
  await service?.close();
  await connection?.close();
  if (shared?.exitCode === null) {
    shared.kill('SIGTERM');
    await once(shared, 'exit');
  }
  await gateway?.close();
  await sandbox?.close();
  await database?.drop();
}

async function play(): Promise<void> {
  // A conversation that ends in an opt-out by an evaluated event, one that ends by STOP, and one by a link in a mail.
  const anna = await service.contact(`+${ANNA}`);
  const first = await start('winBack', [anna, 'spring']);
  await sentTo(ANNA, 1);
  await reply(ANNA, `yes, ${REPLY_TEXT}`);
  await sentTo(ANNA, 2);
  await service.event({
    id: randomUUID(),
    contact: anna,
    event: 'surveyAnswered',
    properties: { score: 1, why: REPLY_TEXT },
  });
  await first.result();
  const boris = await service.contact('+385 98 777 6541');
  const second = await start('sendAndSleep', [boris]);
  await sentTo(BORIS, 1);
  await reply(BORIS, `STOP ${REPLY_TEXT}`);
  await second.result();
  const zora = await service.contact(EMAIL.toUpperCase());
  const mail = {
    to: zora,
    channel: 'EMAIL',
    sender: 'news@shop.example',
    subject: TEXT,
    text: `${TEXT} {{optOutLink}}`,
  };
  await (await start('sendOne', [mail])).result();
  const [, token = ''] = /\/u\/([\w.-]+)/.exec((await sandbox.messages(EMAIL))[0]?.text ?? '') ?? [];
  expect((await gateway.call('POST', `/u/${token}`)).status).toBe(200);

  // Blocked, refused and lost hand-overs, a halt, and input that is wrong.
  await (await start('sendOne', [{ to: boris, channel: 'SMS', sender: '10950', text: TEXT }])).result();
  await start('sendOne', [{ to: boris, channel: 'FAX', sender: ANNA, text: TEXT }]).then((flow) =>
    flow.result().catch(() => undefined),
  );
  const cilla = await service.contact(CILLA);
  for (const mode of ['reject', 'rateLimit', 'dropBeforeAccept', 'drop']) {
    const rule = { mode, to: CILLA, count: 1 };
    const set = await fetch(`${sandbox.url}/faults`, { method: 'POST', body: JSON.stringify(rule) });
    expect(set.status, await set.text()).toBe(200);
    await (await start('sendOne', [{ to: cilla, channel: 'SMS', sender: '10950', text: `${TEXT} ${mode}` }])).result();
  }
  await blocklist('halt', '--sender', '10951', '--reason', 'session');
  await start('sendOne', [{ to: cilla, channel: 'SMS', sender: '10951', text: TEXT }]);
  await service.contact(`${REPLY_TEXT} ${DORA}x`).catch(note('client'));
  await service
    .reply({
      provider: 'sandbox',
      messageId: 'r1',
      from: `x${DORA}`,
      to: '1',
      channel: 'SMS',
      text: REPLY_TEXT,
      receivedAt: 'never',
    })
    .catch(note('client'));

  const spec = { campaignReference: 'spring', channel: 'SMS', sender: '10950', text: TEXT };
  const broadcast = await gateway.call('POST', '/api/v1/broadcasts', {
    ...spec,
    destinations: [...PHONES, `not ${EMIL}`],
  });
  const { broadcastId } = (await broadcast.json()) as { broadcastId: string };
  await until(
    async () => {
      const status = await gateway.call('GET', `/api/v1/broadcasts/${broadcastId}`);
      return ((await status.json()) as { status: string }).status === 'FINISHED';
    },
    'the broadcast',
    60_000,
  );
  await reply(DORA, `${REPLY_TEXT} what`);
  await wrongRequests(spec);
  await wrongCommands();
}

async function wrongRequests(spec: object): Promise<void> {
  const requests: [string, string, unknown?, Record<string, string>?][] = [
    ['POST', '/api/v1/broadcasts', { ...spec, channel: EMAIL, destinations: [ANNA] }],
    ['POST', '/api/v1/broadcasts', { ...spec, [EMAIL]: 1, messagesPerSecond: -1, destinations: [EMIL] }],
    [
      'POST',
      '/api/v1/broadcasts',
      `{"text":"${TEXT}", "destinations":["${EMIL}"`,
      { 'content-type': 'application/json' },
    ],
    ['POST', '/api/v1/broadcasts', EMIL, { 'content-type': `text/${TEXT}` }],
    ['GET', `/api/v1/broadcasts/${EMIL}`],
    ['GET', `/api/v1/why/x${EMIL}x`],
    ['GET', `/api/v1/why/${EMIL}?at=${ANNA}`],
    ['GET', `/api/v1/campaigns/${encodeURIComponent(EMAIL)}/report`],
    ['GET', `/nothing/${EMIL}`],
    ['GET', `/u/${EMIL}`],
    ['POST', `/u/${EMIL}`],
    ['POST', '/inbound/sandbox/sms', { results: [{ from: `${EMIL}x`, text: REPLY_TEXT }] }],
    ['POST', '/inbound/sandbox/fax', { results: [{ from: EMIL, text: REPLY_TEXT }] }],
    ['POST', '/inbound/sandbox/reports', { results: [{ messageId: EMIL, status: TEXT }] }],
    ['POST', '/codec/decode', { payloads: [{ data: EMIL, metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' } }] }],
    ['GET', `/api/v1/why/${EMIL}`, undefined, { authorization: `App ${EMAIL}` }],
    ['POST', '/inbound/sandbox/sms', { results: [] }, { 'x-webhook-secret': EMAIL }],
  ];
  for (const [method, path, body, headers] of requests) {
    const answer = await gateway.call(method, path, body, headers);
    const words = JSON.stringify([...answer.headers]) + (await answer.text());
    said.push({ where: `answer to ${method} ${path.replace(/[\d%@].*/, '…')}: ${answer.status}`, text: words });
  }
}

async function wrongCommands(): Promise<void> {
  await blocklist('add', `${EMIL}x`, EMAIL.replace('@', '@@'));
  await blocklist('check', EMIL, '--channel', EMAIL);
  await blocklist('why', EMIL, `+${ANNA}`);
  await blocklist(`+${EMIL}`);
  await blocklist(
    'broadcast',
    '--file',
    `/nowhere/${EMIL}`,
    '--channel',
    'SMS',
    '--sender',
    's',
    '--campaign',
    'c',
    '--text',
    TEXT,
  );
  await blocklist('report', EMAIL);
  await blocklist('keyword', 'test', REPLY_TEXT, '--channel', `385 91 555 0123`);
  await blocklist('import', EMAIL);
}

function start(flow: string, args: readonly unknown[]) {
  const options = { taskQueue: 'team', workflowId: `${flow}-${randomUUID()}`, args: [...args] };
  return service.client.workflow.start(flow, options);
}

async function sentTo(destination: string, count: number): Promise<void> {
  await until(async () => (await sandbox.messages(destination)).length >= count, `${count} messages`, 30_000);
}

async function reply(from: string, text: string): Promise<void> {
  const body = JSON.stringify({ from, to: '10950', channel: 'SMS', text });
  expect((await fetch(`${sandbox.url}/replies`, { method: 'POST', body })).status).toBe(200);
}

function note(where: string): (error: unknown) => void {
  return (error) =>
    void said.push({ where, text: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}

function blocklist(...args: string[]): Promise<void> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: environment }, (_error, _stdout, stderr) => {
      said.push({ where: `blocklist ${args[0]?.replace(/\d/g, '.')}`, text: stderr });
      resolve();
    });
  });
}
