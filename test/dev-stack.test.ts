// The embedded stack with real servers and real signals. Our own services are stand-ins here: what matters is who starts, stops,
// survives and restarts whom.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, afterEach, expect, test } from 'vitest';
import { packageFolder, sharedFolderFor } from '../src/dev/folders.js';
import { postgresUser } from '../src/dev/postgres-user.js';
import { stackStatus } from '../src/dev/stack-state.js';
import { findTemporalCli } from '../src/dev/temporal-cli.js';
import { createTestDatabase, getTemporal } from './support/servers.js';
import { allGone, TestStack, type TestStackOptions } from './support/test-stack.js';

const folder = mkdtempSync(join(tmpdir(), 'temporal-blocklist-stack-'));
// As root, Postgres runs as another user, who must get through to the data; the last but one test closes a folder on the way.
chmodSync(folder, 0o755);
const isRoot = process.getuid?.() === 0;
const running: TestStack[] = [];

afterEach(async () => {
  for (const stack of running.splice(0)) await stack.end();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('Ctrl-C stops worker, gateway, sandbox, Temporal and Postgres in this order, and leaves nothing behind', async () => {
  const stack = launch('order');
  const { parts } = await stack.info();
  expect(parts.map((part) => part.name)).toEqual(['postgres', 'temporal', 'sandbox', 'gateway', 'worker']);
  expect(stackStatus(join(folder, 'order'))).toEqual(parts);

  expect(await stack.end('SIGINT')).toBe(0);

  expect(stack.stops()).toEqual(STOPS_IN_ORDER);
  expect(stack.stderr.match(/stopping \w+/g)).toEqual(
    ['worker', 'gateway', 'sandbox', 'temporal', 'postgres'].map((name) => `stopping ${name}`),
  );
  await allGone(parts.map((part) => part.pid));
  expect(stackStatus(join(folder, 'order'))).toEqual([]);
});

test('a supervisor killed outright takes everything with it, in the same order, and the next start finds all data', async () => {
  const first = launch('killed');
  const { parts, databaseUrl, temporalAddress, apiKey } = await first.info();
  await query(databaseUrl, 'create table kept (number int); insert into kept values (7)');
  await startWorkflow(temporalAddress, 'kept-workflow');

  await first.end('SIGKILL');
  const second = launch('killed');
  const restarted = await second.info();

  await allGone(parts.map((part) => part.pid));
  expect(first.stops()).toEqual(STOPS_IN_ORDER);
  expect(await query(restarted.databaseUrl, 'select number from kept')).toEqual([{ number: 7 }]);
  expect(await workflowStatus(restarted.temporalAddress, 'kept-workflow')).toBe('RUNNING');
  expect(restarted.apiKey).toBe(apiKey);
});

test('what a crash of supervisor and guard leaves running is ended by the next start', async () => {
  const first = launch('crash');
  const { parts } = await first.info();
  process.kill(await guardPid('crash'), 'SIGSTOP');
  await first.end('SIGKILL');
  process.kill(await guardPid('crash'), 'SIGKILL');

  const second = launch('crash');

  expect((await second.info()).parts).toHaveLength(5);
  await allGone(parts.map((part) => part.pid));
});

test('a part that dies is started again, later each time, and the supervisor says so', async () => {
  const stack = launch('restart');
  const { parts, databaseUrl } = await stack.info();
  await query(databaseUrl, 'create table kept (number int); insert into kept values (7)');

  const pidOf = (name: string): number => parts.find((part) => part.name === name)?.pid ?? 0;
  process.kill(pidOf('worker'), 'SIGKILL');
  await stack.said('worker: ended (signal SIGKILL); starting it again in 0.5 s');
  const again = await stack.partOtherThan('worker', pidOf('worker'));
  await stack.said('worker: serves again');
  process.kill(again.pid, 'SIGKILL');
  await stack.said('worker: ended (signal SIGKILL); starting it again in 1 s');
  await stack.partOtherThan('worker', again.pid);

  process.kill(pidOf('postgres'), 'SIGKILL');
  await stack.said('postgres: serves again');
  expect(await query(databaseUrl, 'select number from kept')).toEqual([{ number: 7 }]);
});

test('a second start beside a running one names its address and ends with an error', async () => {
  const first = launch('twice');
  const { gatewayUrl } = await first.info();

  const second = launch('twice');

  expect(await second.exited).toBe(1);
  expect(second.stderr).toContain(`already runs as process ${first.pid}: ${gatewayUrl}`);
  expect(stackStatus(join(folder, 'twice'))).toHaveLength(5);
});

test('a second signal ends a stop that takes too long, but not one that npm passes on at once', async () => {
  const stack = launch('impatient', { TEST_STAND_IN: 'ignores-stop' });
  const { parts } = await stack.info();
  stack.signal('SIGTERM');
  await stack.said('stopping worker');
  stack.signal('SIGTERM');
  await sleep(1_500);
  expect(stack.stderr).not.toContain('stopping gateway');

  const since = Date.now();
  await stack.end('SIGTERM');

  expect(Date.now() - since).toBeLessThan(5_000);
  await allGone(parts.map((part) => part.pid));
});

test('Ctrl-C during the start ends it in good order and says so', async () => {
  const stack = launch('early', { TEST_MIGRATE: '["-e", "setTimeout(() => {}, 60_000)"]' });
  const migrating = (): boolean => stackStatus(join(folder, 'early')).length === 2;
  while (!migrating()) await sleep(50);
  await sleep(1_000);

  expect(await stack.end('SIGINT')).toBe(1);

  expect(stack.stderr).toContain('the stack was stopped before it served');
  expect(stackStatus(join(folder, 'early'))).toEqual([]);
});

test('a part that cannot start ends the start with its last words, and nothing stays behind', async () => {
  const stack = launch('broken', { TEST_MIGRATE: '["-e", "console.error(`the reason`); process.exit(3)"]' });

  expect(await stack.exited).toBe(1);

  expect(stack.stderr).toMatch(/migrate failed \(exit status 3\), see .*migrate\.log:\nthe reason/);
  expect(stackStatus(join(folder, 'broken'))).toEqual([]);
});

test('a database and a Temporal server of the user replace the embedded ones', async () => {
  const database = await createTestDatabase();
  const { address } = await getTemporal();

  const stack = launch('external', { BLOCKLIST_DATABASE_URL: database.url, TEMPORAL_ADDRESS: address });
  const info = await stack.info();

  expect(info.parts.map((part) => part.name)).toEqual(['sandbox', 'gateway', 'worker']);
  expect(info).toMatchObject({ databaseUrl: database.url, temporalAddress: address });
});

test('only the default port moves: a busy port that was asked for is an error', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;

  const stack = launch('busy', { BLOCKLIST_PORT: String(port) });

  expect(await stack.exited).toBe(1);
  expect(stack.stderr).toContain(`port ${port}, which BLOCKLIST_PORT asks for, is in use`);
  server.close();
});

test('works below a folder that others cannot enter, and as an ordinary user', async () => {
  const locked = join(folder, 'locked');
  const checkout = join(locked, 'checkout');
  mkdirSync(locked, { mode: 0o700 });
  copyCheckout(checkout);
  const cacheDir = join(checkout, '.cache');

  const closed = launch(cacheDir, {}, { checkout });
  const { databaseUrl } = await closed.info();
  await query(databaseUrl, 'create table kept (number int); insert into kept values (7)');
  expect(await closed.end()).toBe(0);

  if (isRoot) {
    chmodSync(locked, 0o755);
    rmSync(sharedFolderFor(cacheDir), { recursive: true });
  }
  const home = join(folder, 'home');
  mkdirSync(home);
  const user = postgresUser();
  if (user !== undefined) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  const cli = join(folder, 'temporal');
  linkOrCopy(await findTemporalCli(), cli);
  // The one that runs this test may lie in a folder of ours, as version managers do.
  const node = join(folder, 'node');
  linkOrCopy(realpathSync(process.execPath), node);
  const ordinary = launch(join(home, 'cache'), { HOME: home, TEMPORAL_CLI_PATH: cli }, { checkout, user, node });
  expect((await ordinary.info()).parts).toHaveLength(5);
});

test('a Temporal CLI that was chosen but does not exist is named in the error', async () => {
  const search = findTemporalCli({ env: { TEMPORAL_CLI_PATH: join(folder, 'missing') } });
  await expect(search).rejects.toThrow(/TEMPORAL_CLI_PATH is .*missing, but there is no such file/);
});

/** Each one notes who else is there when it is asked to stop. */
const STOPS_IN_ORDER = [
  { name: 'worker', others: ['postgres', 'temporal', 'sandbox', 'gateway'] },
  { name: 'gateway', others: ['postgres', 'temporal', 'sandbox'] },
  { name: 'sandbox', others: ['postgres', 'temporal'] },
];

function launch(name: string, env: NodeJS.ProcessEnv = {}, options: Partial<TestStackOptions> = {}): TestStack {
  const stack = TestStack.launch({ cacheDir: resolve(folder, name), env, ...options });
  running.push(stack);
  return stack;
}

async function guardPid(name: string): Promise<number> {
  const state = JSON.parse(await readFile(join(folder, name, 'stack.json'), 'utf8')) as { guard: { pid: number } };
  return state.guard.pid;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withTemporal<Result>(address: string, work: (client: Client) => Promise<Result>): Promise<Result> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

async function startWorkflow(address: string, workflowId: string): Promise<void> {
  await withTemporal(address, (client) => client.workflow.start('nobody', { taskQueue: 'nobody', workflowId }));
}

async function workflowStatus(address: string, workflowId: string): Promise<string> {
  return await withTemporal(
    address,
    async (client) => (await client.workflow.getHandle(workflowId).describe()).status.name,
  );
}

/** What the stack needs of a checkout, in a place whose permissions the test may change. */
function copyCheckout(target: string): void {
  mkdirSync(target);
  for (const name of ['package.json', 'node_modules', 'dist', 'src', 'test'])
    linkOrCopy(join(packageFolder(), name), join(target, name));
}

/** Hard links where the file system allows them: the modules are a few hundred megabytes. */
function linkOrCopy(from: string, to: string): void {
  if (spawnSync('cp', ['-al', from, to]).status === 0) return;
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}
