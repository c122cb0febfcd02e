// Files: what comes in is counted row by row and never makes the list weaker; what goes out comes back the same.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csvRows, type CsvRow } from '../src/cli/csv-rows.js';
import { inputFile } from '../src/cli/file-lines.js';
import { readConfig } from '../src/config.js';
import { LIFT_TABLE } from '../src/domain/lifts.js';
import type { Account } from '../src/storage/accounts.js';
import { entryStore } from '../src/storage/entries.js';
import { importStore } from '../src/storage/imports.js';
import { ledgerStore } from '../src/storage/ledger.js';
import { claim, destination, storageFixture, type StorageFixture } from './support/storage-fixture.js';

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const HASH_KEY = 'a hash key for the tests of imports';

let fixture: StorageFixture;
let account: Account;
let folder: string;

beforeAll(async () => {
  const { hashKey } = readConfig({ BLOCKLIST_DATABASE_URL: 'postgres://unused', BLOCKLIST_HASH_KEY: HASH_KEY });
  fixture = await storageFixture(hashKey);
  ({ account } = fixture);
  folder = mkdtempSync(join(tmpdir(), 'import-test-'));
});
afterAll(async () => {
  await fixture.close();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function blocklist(
  args: readonly string[],
  input = '',
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      env: { PATH: process.env['PATH'], BLOCKLIST_DATABASE_URL: fixture.url, BLOCKLIST_HASH_KEY: HASH_KEY },
      stdio: 'pipe',
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(input);
  });
}

async function importFile(path: string, ...args: string[]) {
  const { stdout, stderr } = await blocklist(['import', path, ...args, '--json']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const entriesOf = async (to: string) => {
  const ids = await fixture.storage.contacts.find(account.rootId, [destination(to)]);
  return entryStore(fixture.storage.db).ofContacts(
    account,
    ids.filter((id) => id !== undefined),
  );
};

describe('an import', () => {
  it('counts every row, and names the lines it could not read', async () => {
    const path = file(
      'opt-outs.csv',
      [
        'Phone,Channel,Sender,Campaign,Since,Covers,Source',
        '+385 91 111 0001,,,spring-2027,2026-05-01,,MO',
        '"+385 91 111 0002",SMS,"Shop, the",,2026-05-01T10:00:00+02:00,MARKETING,',
        '385911110001,,,,,,MO',
        'not a number,,,,,,',
        '385911110003,FAX,,,,,',
        '385911110004,,,,2999-01-01,,',
        '385911110005,,,,05/01/2026,,',
        '"385911110006,,,,,,',
        '385911110007',
        '',
        '385911110008,,,,,SOME,',
        '385911110009,,,,,,,,,',
      ].join('\n'),
    );
    expect(await importFile(path)).toEqual({
      importId: expect.stringMatching(/^\d+$/),
      rows: 11,
      added: 4,
      strengthened: 0,
      already: 1,
      rejected: 6,
      rejects: [
        { line: 5, reason: expect.stringMatching(/^a phone number here consists of digits/) },
        { line: 6, reason: expect.stringMatching(/^channel must be one of/) },
        { line: 7, reason: 'the time lies in the future' },
        { line: 8, reason: 'the time must be an ISO date, or time with its zone' },
        { line: 9, reason: 'a quote is opened and never closed' },
        { line: 12, reason: 'covers must be ALL or MARKETING' },
      ],
    });
    expect(await entriesOf('385911110001')).toMatchObject([{ source: 'MO', campaign: 'spring-2027', covers: 'ALL' }]);
    expect(await entriesOf('385911110002')).toMatchObject([
      {
        source: 'CUSTOM',
        channel: 'SMS',
        sender: 'Shop, the',
        covers: 'MARKETING',
        lastReceivedAt: new Date('2026-05-01T08:00:00Z'),
      },
    ]);
    expect((await claim(fixture.storage, { to: '385911110009' })).state).toBe('blocked');
    const stored = await fixture.storage.db.query<{ counts: object }>(
      'select counts from imports where finished_at is not null',
    );
    expect(stored.rows[0]?.counts).toMatchObject({ added: 4, rejected: 6, rejects: [{ line: 5 }, {}, {}, {}, {}, {}] });
  });

  it('tells people the same in words, and the first lines on stderr', async () => {
    const { stdout, stderr, status } = await blocklist(['import', file('short.txt', '385911120001\nnobody\n')]);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: '2 rows: 1 added, 0 strengthened, 0 there already, 1 rejected\n',
    });
    expect(stderr).toMatch(/^line 2: a phone number here consists of digits only/);
    expect(stderr).not.toContain('nobody');
  });

  it('never makes the list weaker', async () => {
    const to = '385911130001';
    await importFile(file('all.csv', `phone,complaint\n${to},true\n`));
    const weaker = await importFile(file('weaker.csv', `phone,covers,since\n${to},MARKETING,2020-01-01\n`));
    expect(weaker).toMatchObject({ added: 0, strengthened: 0, already: 1 });
    expect(await entriesOf(to)).toMatchObject([{ covers: 'ALL', complaint: true }]);
    const [entry] = await entriesOf(to);
    expect(entry?.lastReceivedAt.getFullYear()).toBeGreaterThan(2020);
    const marketing = file('marketing.csv', 'phone,covers\n385911130002,MARKETING\n');
    await importFile(marketing);
    expect(await importFile(file('stronger.csv', 'phone\n385911130002\n'))).toMatchObject({ strengthened: 1 });
    expect(await importFile(marketing)).toMatchObject({ already: 1 });
    expect(await entriesOf('385911130002')).toMatchObject([{ covers: 'ALL' }]);
  });

  it('of a person who has returned since blocks again, and START lifts what came as a reply alone', async () => {
    const [contactId] = await fixture.storage.contacts.resolve(account.rootId, [destination('385911140001')]);
    await importFile(file('both.csv', 'phone,source\n385911140001,MO\n385911140001,\n'));
    await fixture.storage.optOuts.optIn([
      {
        accountId: account.id,
        contactId: contactId as string,
        source: 'MO',
        sources: LIFT_TABLE.PERSON_KEYWORD.sources,
        receivedAt: new Date(),
        actor: 'person',
      },
    ]);
    expect((await entriesOf('385911140001')).map((entry) => entry.source)).toEqual(['CUSTOM']);
  });

  it('takes number and address of a row, lists without a header, domains, and the columns it is told', async () => {
    const both = await importFile(
      file('both-columns.csv', 'name,e-mail,mobile\nAda,ada@two.example,385911150001\nBob,,385911150002\n'),
    );
    expect(both).toMatchObject({ rows: 2, added: 3 });
    const plain = await importFile(file('plain.txt', '385911150003\r\nada@three.example\r\n@four.example\r\n'));
    expect(plain).toMatchObject({ rows: 3, added: 3, rejected: 0 });
    expect((await claim(fixture.storage, { to: 'anybody@four.example' })).state).toBe('blocked');
    const told = await importFile(
      file('semicolons.csv', 'Kunde;Rufnummer\nAda;091 115 0004\n'),
      '--column',
      'rufnummer',
      '--default-country',
      'HR',
    );
    expect(told).toMatchObject({ rows: 1, added: 1 });
    const unknown = await blocklist(['import', file('unknown.csv', 'Kunde;Rufnummer\nAda;385911150005\n')]);
    expect(unknown).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/no column is called .*; name it with --column/),
    });
    const utf16 = file('excel.txt', Buffer.from('\uFEFFphone\tname\r\n385911150006\tŽeljka\r\n', 'utf16le'));
    expect(await importFile(utf16)).toMatchObject({ added: 1, rejected: 0 });
  });

  it('reads standard input', async () => {
    const { stdout } = await blocklist(['import', '-', '--channel', 'SMS', '--campaign', 'piped'], '385911160001\n');
    expect(stdout).toMatch(/^1 row: 1 added/);
    expect(await entriesOf('385911160001')).toMatchObject([{ channel: 'SMS', campaign: 'piped' }]);
  });

  it('as a dry run counts the same and writes nothing', async () => {
    const path = file(
      'rehearsal.csv',
      'phone,covers\n385911170001,MARKETING\n385911170001,ALL\n385911130001,ALL\n385911170002,\n385911170001,\n',
    );
    const before = await fixture.storage.db.query('select count(*) as n from blocklist_events');
    const rehearsed = await importFile(path, '--dry-run');
    expect(rehearsed).toMatchObject({ dryRun: true, added: 2, strengthened: 1, already: 2 });
    expect((await fixture.storage.db.query('select count(*) as n from blocklist_events')).rows).toEqual(before.rows);
    const { dryRun: _, ...counts } = rehearsed;
    expect(await importFile(path)).toMatchObject(counts);
  });

  it('that is strict changes nothing if one row cannot be read', async () => {
    const path = file('strict.csv', 'phone\n385911180001\nnobody\n');
    const refused = await blocklist(['import', path, '--strict']);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^blocklist: line 3: /);
    expect(await entriesOf('385911180001')).toEqual([]);
    expect(await importFile(file('fine.csv', 'phone\n385911180001\n'), '--strict')).toMatchObject({ added: 1 });
  });

  it('refuses rows of accounts that are not below its own', async () => {
    const child = await fixture.storage.accounts.create('000000000000000000000000000000F1', account.key);
    const path = file(
      'accounts.csv',
      `phone,account\n385911190001,${child.key}\n385911190002,${account.key}\n385911190003,${'A'.repeat(32)}\n`,
    );
    expect(await importFile(path, '--account', child.key)).toMatchObject({
      added: 1,
      rejected: 2,
      rejects: [{ line: 3 }, { line: 4, reason: 'the account is neither the importing one nor below it' }],
    });
  });

  it('of more rows than a transaction takes is complete, and the ledger agrees', async () => {
    const rows = Array.from({ length: 12_001 }, (_, i) => `38597${String(i).padStart(7, '0')}`);
    expect(await importFile(file('many.txt', `${rows.join('\n')}\n`))).toMatchObject({ rows: 12_001, added: 12_001 });
    const verified = await ledgerStore(fixture.storage.db, fixture.storage.contacts).verifyProjection();
    expect(verified.differences).toBe(0);
  });
});

describe('an export', () => {
  it('comes back the same when it is imported, with nothing a spreadsheet would calculate', async () => {
    const imports = importStore(fixture.storage);
    const own = await fixture.storage.accounts.create('000000000000000000000000000000F2', account.key);
    const run = await imports.start(own, 'test', 'operator:test');
    const common = { line: 1, source: 'CUSTOM', covers: 'ALL', complaint: false } as const;
    await run.write([
      { ...common, destination: destination('385911210001'), campaign: '=cmd|calc', sender: '+Shop' },
      { ...common, destination: destination('=sum@shop.example'), covers: 'MARKETING', source: 'URL_OPT_OUT' },
      { ...common, destination: destination('ada@shop.example'), complaint: true, channel: 'EMAIL' },
      { ...common, destination: destination('@five.example'), since: new Date('2026-01-02T03:04:05.678Z') },
    ]);
    const { stdout, stderr, status } = await blocklist(['export', '--account', own.key]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '4 entries exported\n' });
    const rows = parse(stdout, { columns: true }) as Record<string, string>[];
    expect(rows.flatMap((row) => Object.values(row)).filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);

    const again = await importFile(file('exported.csv', stdout), '--account', own.key);
    expect(again).toMatchObject({ rows: 4, added: 0, strengthened: 0, already: 4, rejected: 0 });

    const elsewhere = stdout.replaceAll(own.key, account.key);
    expect(await importFile(file('elsewhere.csv', elsewhere))).toMatchObject({ added: 4, rejected: 0 });
    expect(await entriesOf('385911210001')).toMatchObject([{ campaign: '=cmd|calc', sender: '+Shop' }]);
    expect(await entriesOf('@five.example')).toMatchObject([{ lastReceivedAt: new Date('2026-01-02T03:04:05.678Z') }]);
  });

  it('as JSON is one line an entry, filtered as asked, and keeps people whose clear text was erased', async () => {
    const own = await fixture.storage.accounts.create('000000000000000000000000000000F3', account.key);
    await importFile(
      file('filter.csv', 'phone,channel,campaign\n385911220001,SMS,a\n385911220002,VIBER,b\n385911220003,SMS,b\n'),
      '--account',
      own.key,
    );
    await fixture.storage.db.query(`update contact_points set value = null where value = '385911220003'`);
    const { stdout, stderr } = await blocklist(['export', '--account', own.key, '--channel', 'sms', '--json']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .sort((a, b) => String(a['campaign']).localeCompare(String(b['campaign'])));
    expect(lines).toMatchObject([
      { destination: '385911220001', campaign: 'a' },
      { channel: 'SMS', campaign: 'b' },
    ]);
    expect(lines[1]).not.toHaveProperty('destination');
    expect(stderr).toMatch(/^1 person without clear text: erased, and listed all the same\n2 entries exported\n$/);
    expect(
      (await blocklist(['export', '--account', own.key, '--campaign', 'b'])).stdout.trim().split('\n'),
    ).toHaveLength(3);
  });

  it('pages through the list by a key, each entry once, oldest first', async () => {
    const entries = entryStore(fixture.storage.db);
    const seen: string[] = [];
    for (let after: string | undefined = '0'; after !== undefined;) {
      const page: Awaited<ReturnType<typeof entries.list>> = await entries.list(
        account,
        { source: 'CUSTOM' },
        { after, limit: 1_000 },
      );
      seen.push(...page.entries.map((entry) => entry.id));
      after = page.next;
    }
    const all = await fixture.storage.db.query<{ id: string }>(
      `select id from blocklist_entries where source = 'CUSTOM' order by id`,
    );
    expect(seen).toEqual(all.rows.map((row) => row.id));
  });
});

describe('rows of a CSV', () => {
  const read = async (content: string): Promise<CsvRow[]> => {
    const rows: CsvRow[] = [];
    for await (const row of csvRows((await inputFile(file('rows.csv', content))).lines())) rows.push(row);
    return rows;
  };

  it('may be quoted, hold line ends and delimiters, and stand between blank lines', async () => {
    expect(await read('a,"b ""c"", d"\n\n"line\none",e\r\n,,\n')).toEqual([
      { line: 1, cells: ['a', 'b "c", d'] },
      { line: 3, cells: ['line\none', 'e'] },
    ]);
  });

  it('that are broken cost themselves alone', async () => {
    const good = (line: number) => ({ line, cells: [`n${line}`, 'x'] });
    const lines = Array.from({ length: 60 }, (_, i) => `n${i + 1},x`);
    lines[4] = '"n5,x';
    lines[9] = 'n10,"x"y';
    lines[54] = 'n55,"x';
    const rows = await read(lines.join('\n'));
    const broken = [5, 10, 55];
    expect(rows.filter((row) => 'problem' in row).map((row) => row.line)).toEqual(broken);
    expect(rows.filter((row) => 'cells' in row)).toEqual(
      lines
        .map((_, i) => i + 1)
        .filter((line) => !broken.includes(line))
        .map(good),
    );
  });

  it('are read in little memory and time, whatever they hold', async () => {
    const rows = await read(`${'"'.repeat(3)}\n`.repeat(5_000));
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => 'problem' in row || row.cells.length > 0)).toBe(true);
  });
});
