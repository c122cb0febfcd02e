// The command line as its users know it: a process that reads arguments and files, and answers on stdout, stderr and status.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withoutDestinations } from '../src/cli/failures.js';
import { readConfig } from '../src/config.js';
import { dropDatabase, ensureOwnedDatabase } from '../src/dev/postgres-databases.js';
import { processStart } from '../src/dev/process-liveness.mjs';
import { secretsOf } from '../src/dev/secrets.js';
import { writeState } from '../src/dev/stack-state.js';
import { migrate } from '../src/storage/migrate.js';
import { postgresAdminUrl } from './support/servers.js';
import { send, storageFixture, type StorageFixture } from './support/storage-fixture.js';

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const HASH_KEY = 'a hash key for the tests of the command line';

let fixture: StorageFixture;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const { hashKey } = readConfig({ BLOCKLIST_DATABASE_URL: 'postgres://unused', BLOCKLIST_HASH_KEY: HASH_KEY });
  fixture = await storageFixture(hashKey);
  folder = mkdtempSync(join(tmpdir(), 'cli-test-'));
  env = {
    PATH: process.env['PATH'],
    BLOCKLIST_DATABASE_URL: fixture.url,
    BLOCKLIST_HASH_KEY: HASH_KEY,
    // No stack of this checkout may be found, and no server of somebody else's.
    BLOCKLIST_CACHE_DIR: folder,
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  };
});
afterAll(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function blocklist(
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv } = {},
) {
  return new Promise<Ran>((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { env: options.env ?? env, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
    // A command that refuses its input early does not read the rest.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

async function json(...args: string[]): Promise<{ readonly status: number | null; readonly value: never }> {
  const { status, stdout, stderr } = await blocklist([...args, '--json']);
  if (stdout === '') throw new Error(`status ${status}: ${stderr}`);
  return { status, value: JSON.parse(stdout) as never };
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('accounts and keys', () => {
  it('are made, listed and revoked; a key is printed once', async () => {
    const { accountKey, parentKey } = (await json('accounts', 'add', '--name', 'shop')).value as Record<string, string>;
    expect(accountKey).toMatch(/^[0-9A-F]{32}$/);
    expect((await json('accounts', 'list')).value).toMatchObject({
      accounts: expect.arrayContaining([expect.objectContaining({ accountKey, parentKey, name: 'shop' })]),
    });
    const create = [
      'keys',
      'create',
      '--name',
      'crm',
      '--role',
      'editor',
      '--account',
      accountKey ?? '',
      '--actor',
      'ann',
    ];
    const made = await blocklist(create);
    expect(made).toMatchObject({ status: 0, stderr: '' });
    expect(made.stdout).toMatch(/^blk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}\n$/);
    const listed = await blocklist(['keys', 'list']);
    expect(listed.stdout).toContain(`${made.stdout.slice(0, 16)}... editor of ${accountKey}, "crm"`);
    expect(listed.stdout).not.toContain(made.stdout.trim());
    const id = listed.stdout.split(':')[0] ?? '';
    expect((await blocklist(['keys', 'revoke', id])).stdout).toMatch(/, revoked /);
    expect(await blocklist(['keys', 'revoke', '999'])).toMatchObject({ status: 2 });
  });
});

describe('the list by hand', () => {
  it('add blocks, check says so with status 3, why tells the history, remove lets go again', async () => {
    const added = await blocklist([
      'add',
      '+385 91 000 0001',
      '--campaign',
      'spring-2027',
      '--reason',
      'asked by phone',
    ]);
    expect(added).toMatchObject({ status: 0, stderr: '' });
    expect(added.stdout).toBe('1 entry added, 0 there already; nothing is sent in their scope any more\n');

    const { status, value } = await json('check', '385910000001', '385910000002');
    expect(status).toBe(3);
    expect(value).toEqual({
      results: [
        {
          destination: 1,
          channel: 'SMS',
          verdict: 'blocked',
          explanation: expect.objectContaining({ source: 'CUSTOM', campaign: 'spring-2027', covers: 'ALL' }),
        },
        { destination: 2, channel: 'SMS', verdict: 'permitted' },
      ],
    });

    await send(fixture.storage, { to: '385910000001', campaign: 'summer-2027' });
    const why = await blocklist(['why', '00385 91 000 0001']);
    expect(why.status).toBe(0);
    expect(why.stdout).toMatch(/^On the list now: one entry holds\.\n/);
    expect(why.stdout).toMatch(/Listed by operator:\S+: no messages on any channel from any sender/);
    expect(why.stdout).toMatch(
      /Not sent: the person was on the list since .* \[status 14 REJECTED_DESTINATION_BLOCKLISTED, error 2052 /,
    );

    expect((await json('remove', '+385910000001')).value).toEqual({ removed: 1, left: [] });
    expect((await blocklist(['check', '385910000001'])).status).toBe(0);
    expect((await json('why', '385910000001')).value).toMatchObject({
      entries: [],
      events: [
        { kind: 'BLOCK', effect: 'added', source: 'CUSTOM', evidence: { reason: 'asked by phone' } },
        { kind: 'UNBLOCK', effect: 'removed' },
      ],
    });
  });

  it('remove takes exactly the record named, and tells what is left', async () => {
    await blocklist(['add', '385910000003', '--channel', 'sms', '--sender', 'Shop']);
    await blocklist(['add', '385910000003', '--actor', 'eve']);
    expect((await json('remove', '385910000003', '--channel', 'viber')).value).toMatchObject({
      removed: 0,
      left: [{ channel: 'SMS' }, { source: 'CUSTOM' }],
    });
    const one = await blocklist(['remove', '385910000003']);
    expect(one.stdout).toMatch(/^1 entry removed\nstill listed: entry \d+ \(CUSTOM, SMS, sender Shop\)\n$/);
    expect((await json('remove', '385910000003', '--all')).value).toEqual({ removed: 1, left: [] });
    const history = (await json('why', '385910000003')).value as { events: { actor: string }[] };
    expect(history.events.map((event) => event.actor)).toContain('operator:eve');
  });

  it('a whole e-mail domain can be listed, and blocks an address nobody has seen', async () => {
    expect((await blocklist(['add', '@Blocked.Example'])).status).toBe(0);
    expect((await json('check', 'somebody@blocked.example')).value).toMatchObject({
      results: [{ channel: 'EMAIL', verdict: 'blocked', explanation: { domain: true } }],
    });
  });

  it('halt holds, resume goes on', async () => {
    const halted = await json('halt', '--channel', 'MMS', '--reason', 'wrong picture', '--actor', 'eve');
    expect(halted.value).toMatchObject({
      isNew: true,
      halt: { channel: 'MMS', reason: 'wrong picture', actor: 'operator:eve' },
    });
    expect((await json('check', '385910000004', '--channel', 'MMS')).value).toMatchObject({
      results: [{ verdict: 'held', reason: 'HALT' }],
    });
    expect((await blocklist(['halts'])).stdout).toMatch(
      /MMS, every sender, since .* by operator:eve: wrong picture\n$/,
    );
    expect((await json('resume', '--channel', 'mms')).value).toMatchObject({ inForce: [] });
    expect(await blocklist(['resume', '--channel', 'mms'])).toMatchObject({ status: 2 });
  });

  it('keywords are tried out and set up', async () => {
    expect((await blocklist(['keyword', 'test', 'Stop texting me'])).stdout).toBe('BLOCK FROM_ANY_SENDER (built in)\n');
    expect((await blocklist(['keyword', 'test', 'Thanks'])).stdout).toBe('NONE: ordinary talk\n');
    const set = await json(
      'keyword',
      'set',
      'basta',
      '--action',
      'block',
      '--level',
      'from_sender',
      '--sender',
      '10950',
    );
    expect(set.value).toMatchObject({ keyword: 'BASTA', action: 'BLOCK', level: 'FROM_SENDER' });
    const { value } = await json('keyword', 'test', 'Basta!', '--sender', '10950');
    expect(value).toMatchObject({ action: 'BLOCK', level: 'FROM_SENDER', keyword: 'BASTA', builtIn: false });
    expect((await blocklist(['keyword', 'remove', (set.value as { id: string }).id])).status).toBe(0);
    expect((await json('keyword', 'list')).value).toEqual({ keywords: [] });
  });

  it('report tells what a campaign came to, ledger verify that the list is right', async () => {
    await send(fixture.storage, { to: '385910000005', campaign: 'autumn-2027' });
    expect((await json('report', 'autumn-2027')).value).toMatchObject({
      campaign: 'autumn-2027',
      audience: 1,
      sent: 1,
    });
    expect((await blocklist(['report', 'autumn-2027'])).stdout).toMatch(/audience/);
    expect(await blocklist(['report', 'nothing'])).toMatchObject({ status: 2, stdout: '' });
    expect((await json('ledger', 'verify')).value).toMatchObject({ differences: 0 });
    await fixture.storage.db.query(`update blocklist_entries set complaint = true`);
    expect(await json('ledger', 'verify')).toMatchObject({ status: 1, value: { examples: [{ kind: 'different' }] } });
    await fixture.storage.db.query(`update blocklist_entries set complaint = false`);
  });
});

describe('bad input', () => {
  it('is refused whole with one clear line, status 2, and nothing is written', async () => {
    const before = await blocklist(['export']);
    const wrong: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['add', '385911', '--channel', 'FAX'],
        /^blocklist: --channel: must be one of SMS, EMAIL, .* \(INVALID_INPUT\)\n$/,
      ],
      [
        ['add', '385910000010', '12', 'x@', '9'.repeat(40)],
        /^blocklist: destination 2: .*; destination 3: .*; destination 4: .*\n$/,
      ],
      [['add', '091 000 0010'], /destination 1: the number starts with a national 0: .* country code/],
      [['add'], /missing required argument 'destinations'/],
      [['add', '385910000010', '--account', 'root'], /--account: must be 32 hexadecimal digits/],
      [['add', '385910000010', '--account', 'F'.repeat(32)], /Account F{32} does not exist/],
      [['add', '385910000010', '--campaign', 'x'.repeat(256)], /--campaign: must have 1 to 255 characters/],
      [['add', '385910000010', '--default-country', 'XX'], /defaultCountry: is no ISO 3166 country code/],
      [['check', '@example.com'], /destination 1: is a whole domain/],
      [['why', '385910000010', '--at', 'yesterday'], /--at: must be an ISO date/],
      [['why', '385910000010', '--messages', '0'], /--messages: must be a whole number from 1/],
      [['keyword', 'set', 'x'.repeat(60), '--action', 'BLOCK'], /keyword: must have at most 50 characters/],
      [['import', join(folder, 'nowhere.csv')], /file: cannot be read \(ENOENT\)/],
      [['import', folder], /file: cannot be read \(EISDIR\)/],
      [['halt'], /required option '--reason <text>' not specified/],
      [['nonsense'], /unknown command 'nonsense'/],
    ];
    const results: Ran[] = [];
    for (const [args] of wrong) results.push(await blocklist(args));
    wrong.forEach(([args, message], n) => {
      expect({ args, ...results[n] }).toMatchObject({ args, status: 2, stdout: '' });
      expect(results[n]?.stderr).toMatch(message);
      expect(results[n]?.stderr.trim().split('\n')).toHaveLength(1);
    });
    expect(await blocklist(['export'])).toEqual(before);
  });

  it('never repeats a destination, and with --json is one JSON document on stderr', async () => {
    const number = '385910000099';
    for (const args of [
      [number],
      ['add', '385910000099 or so'],
      ['why', 'ada.lovelace', 'ada@lovelace.example'],
      ['add', `--${number}`],
    ]) {
      const { stderr, status } = await blocklist(args);
      expect(status).toBe(2);
      expect(stderr).not.toMatch(/38591|lovelace/);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    const { stderr } = await blocklist(['add', '12', '--json']);
    expect(JSON.parse(stderr)).toEqual({
      error: {
        code: 'INVALID_INPUT',
        message: expect.stringMatching(/^destination 1: a phone number has at least 5 digits/),
      },
    });
  });

  it('of ten megabytes is refused before it is worked on', async () => {
    const huge = 'x'.repeat(10_000_000);
    const reply = await blocklist(['keyword', 'test', '-'], { input: huge });
    expect(reply).toMatchObject({
      status: 2,
      stderr: 'blocklist: text: has more than 20000 characters (INVALID_INPUT)\n',
    });
    const contacts = file('contacts.csv', 'phone\n385910000020\n');
    const broadcast = ['broadcast', '--file', contacts, '--channel', 'SMS', '--sender', '10950', '--campaign', 'c'];
    const text = await blocklist([...broadcast, '--text-file', file('huge.txt', huge)]);
    expect(text).toMatchObject({
      status: 2,
      stderr: 'blocklist: text: has more than 500000 characters (INVALID_INPUT)\n',
    });
    const long = await blocklist([...broadcast, '--text', 'x'.repeat(10_001)]);
    expect(long).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/text: has at most 10000 characters on this channel/),
    });
    const line = await json('import', file('line.csv', `phone\n${huge}\n385910000021\n`));
    expect(line.value).toMatchObject({ added: 1, rejected: 1, rejects: [{ line: 2, reason: 'the line is too long' }] });
  });
});

describe('a database or Temporal that is away', () => {
  it('ends a command with status 4 and one line', async () => {
    const away = { ...env, BLOCKLIST_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' };
    expect(await blocklist(['add', '385910000030'], { env: away })).toEqual({
      status: 4,
      stdout: '',
      stderr: 'blocklist: The database cannot be reached; nothing was decided. (STORAGE_UNAVAILABLE)\n',
    });
  });

  it('leaves nothing behind of a broadcast that could not start', async () => {
    const contacts = file('two.csv', 'phone\n385910000031\n385910000032\n');
    const ran = await blocklist([
      'broadcast',
      '--file',
      contacts,
      '--channel',
      'SMS',
      '--sender',
      '10950',
      '--campaign',
      'no-temporal',
      '--text',
      'Hi',
    ]);
    expect(ran).toMatchObject({ status: 4, stdout: '' });
    expect(ran.stderr).toMatch(/^blocklist: The Temporal server (does|did) not answer.* \(TEMPORAL_UNAVAILABLE\)\n$/);
    const stored = await fixture.storage.db.query(`select status from broadcasts where status <> 'CANCELLED'`);
    expect(stored.rows).toEqual([]);
  });

  it('is told apart from one that was never configured', async () => {
    const bare = { PATH: env['PATH'], BLOCKLIST_CACHE_DIR: folder };
    const ran = await blocklist(['add', '385910000033'], { env: bare });
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toMatch(/No database is configured, and no stack runs here\. .*npm start.* \(CONFIGURATION\)/);
    const half = await blocklist(['halts'], { env: { ...bare, BLOCKLIST_DATABASE_URL: fixture.url } });
    expect(half.stderr).toMatch(/BLOCKLIST_HASH_KEY is not set/);
    const other = await blocklist(['halts'], { env: { ...env, BLOCKLIST_HASH_KEY: 'quite another key than before' } });
    expect(other).toMatchObject({ status: 1, stderr: expect.stringMatching(/\(KEY_MISMATCH\)/) });
  });
});

describe('a broadcast as a dry run', () => {
  it('counts who would get it, who is blocked and by what, and the rows without a number, and sends nothing', async () => {
    await blocklist(['add', '385920000001', '385920000002']);
    const contacts = file(
      'messy.csv',
      [
        '\uFEFFName;Phone;E-Mail',
        'Ada;+385 92 000-0001;ada@shop.example',
        'Bob;(092) 000 0002;',
        'Cyd;00385 92 000 0003;',
        'Dee;092/000-0004;',
        'Eve;385920000003;eve@shop.example',
        'Fay;;fay@shop.example',
        'Gus;call me;',
        '"Hal;385920000008;',
        'Ivy;385920000009;',
      ].join('\r\n'),
    );
    const sms = ['broadcast', '--file', contacts, '--channel', 'SMS', '--sender', '10950', '--dry-run'];
    const { status, value } = await json(...sms, '--default-country', 'hr');
    expect(status).toBe(0);
    expect(value).toMatchObject({
      dryRun: true,
      audience: 5,
      duplicates: 1,
      wouldSend: 3,
      blocked: { total: 2, bySource: { CUSTOM: 2 } },
      held: 0,
      noChannel: 1,
      invalid: 2,
      rejects: [{ line: 7, reason: 'EMPTY' }, { line: 8 }, { line: 9 }],
    });
    const sends = await fixture.storage.db.query(`select from contact_points where value = '385920000009'`);
    expect(sends.rowCount).toBe(0);
    const people = await blocklist([
      'broadcast',
      '--file',
      contacts,
      '--channel',
      'EMAIL',
      '--sender',
      'news@shop.example',
      '--dry-run',
    ]);
    expect(people.stdout).toMatch(/^3 recipients \(0 more were duplicates\); nothing was sent\n {2}would be sent: 3\n/);
  });
});

describe('the stack of the checkout', () => {
  it('is found when no database is configured', async () => {
    const cacheDir = join(folder, 'cache');
    const secrets = secretsOf(cacheDir, {});
    const adminUrl = await postgresAdminUrl();
    const databaseUrl = await ensureOwnedDatabase(adminUrl, 'blocklist', secrets.postgresPassword);
    try {
      await migrate(databaseUrl);
      const own = { pid: process.pid, start: processStart(process.pid) as string };
      writeState(cacheDir, {
        supervisor: own,
        addresses: {
          gatewayUrl: 'http://127.0.0.1:1',
          sandboxUrl: 'http://127.0.0.1:1',
          temporalAddress: '127.0.0.1:1',
        },
        parts: [{ ...own, name: 'postgres', port: Number(new URL(adminUrl).port), stopSignal: 'SIGINT' }],
      });
      const stack = { env: { PATH: env['PATH'], BLOCKLIST_CACHE_DIR: cacheDir } };
      expect(await blocklist(['add', '385910000040'], stack)).toMatchObject({ status: 0, stderr: '' });
      expect(await blocklist(['check', '385910000040'], stack)).toMatchObject({ status: 3 });
    } finally {
      await dropDatabase(adminUrl, databaseUrl);
    }
  });
});

describe('migrate and help', () => {
  it('migrate needs only the database, and can be repeated', async () => {
    const ran = await blocklist(['migrate', '--json'], {
      env: { PATH: env['PATH'], BLOCKLIST_DATABASE_URL: fixture.url },
    });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(ran.stdout)).toMatchObject({ applied: [] });
  });

  it('help names every command and every exit status', async () => {
    const { status, stdout, stderr } = await blocklist(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const name of [
      'dev',
      'migrate',
      'worker',
      'gateway',
      'broadcast',
      'add',
      'remove',
      'import',
      'export',
      'halt',
      'resume',
      'check',
      'why',
      'report',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
    for (const code of [0, 1, 2, 3, 4]) expect(stdout).toMatch(new RegExp(`^ {2}${code} {2}\\S`, 'm'));
  });

  it('dev status lists nothing where nothing runs', async () => {
    expect((await json('dev', 'status')).value).toEqual([]);
  });
});

describe('messages of failures', () => {
  it.each([
    [
      'already runs as process 4711: http://127.0.0.1:8080. Stop it',
      'already runs as process 4711: http://127.0.0.1:8080. Stop it',
    ],
    ['connect ECONNREFUSED 192.168.100.200:5432', 'connect ECONNREFUSED 192.168.100.200:5432'],
    ['unknown argument +385 91 555 0123', 'unknown argument …'],
    ['unknown argument 385915550123', 'unknown argument …'],
    ['unknown argument 385.91.555.0123', 'unknown argument …'],
    ["'Somebody@Example.org' is no number", "'…' is no number"],
  ])('keep the address of a server, and no destination: %s', (message, shown) => {
    expect(withoutDestinations(message)).toBe(shown);
  });
});
