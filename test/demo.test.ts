// The demo that `npm start` runs: its people, what they write, its table, and a whole run of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SENDING_CHANNELS } from '../src/domain/channel.js';
import { normaliseHuman } from '../src/domain/human-destinations.js';
import { readKeyword } from '../src/domain/replies/keywords.js';
import { summariseCampaign } from '../src/domain/campaign-report.js';
import { makePeople } from '../src/dev/demo/people.js';
import { HOME_COUNTRY } from '../src/dev/demo/phone-numbers.js';
import { ORDINARY_TALK, STOP_WORDS } from '../src/dev/demo/reactions.js';
import { reportTable } from '../src/dev/demo/report-table.js';
import { newRun } from '../src/dev/demo/run.js';
import { packageFolder } from '../src/dev/folders.js';
import { summary } from '../src/dev/demo/summary.js';

describe('the people of a run', () => {
  const run = newRun(new Date('2027-03-01T08:00:00Z'));
  const people = makePeople(run);

  it('are ten thousand readable contacts over five channels, however they are written', () => {
    const all = SENDING_CHANNELS.flatMap((channel) =>
      people.audience[channel].map((contact) => ({ channel, ...contact })),
    );
    expect(all).toHaveLength(10_000);
    for (const { channel, written, destination } of [...all, ...flowPeople(people)]) {
      const read = normaliseHuman(written, { channel, defaultCountry: HOME_COUNTRY });
      expect(read.ok ? read.destination.value : `${written}: ${read.reason}`).toBe(destination);
    }
    expect(new Set(all.map(({ written }) => written.replaceAll(/[0-9０-９a-z]+/gi, '#'))).size).toBeGreaterThan(30);
  });

  it('are on one list once, some of them on two lists, beside rows that say nothing', () => {
    for (const channel of SENDING_CHANNELS) {
      const readable = people.rows[channel].map(({ written }) =>
        normaliseHuman(written, { channel, defaultCountry: HOME_COUNTRY }),
      );
      const values = readable.flatMap((read) => (read.ok ? [read.destination.value] : []));
      expect(new Set(values)).toEqual(new Set(people.audience[channel].map(({ destination }) => destination)));
      expect(values.length - new Set(values).size).toBe(9);
      expect(readable.filter((read) => !read.ok)).toHaveLength(people.unreadable[channel]);
    }
    const sms = new Set(people.audience.SMS.map(({ destination }) => destination));
    expect(people.audience.RCS.filter(({ destination }) => sms.has(destination))).toHaveLength(200);
  });

  it('are others in the next run', () => {
    const next = makePeople(newRun(new Date('2027-03-01T08:00:10Z')));
    const everybody = new Set(destinations(people));
    expect(destinations(next).filter((destination) => everybody.has(destination))).toEqual([]);
    expect(makePeople(run)).toEqual(people);
  });
});

describe('what people write', () => {
  it('opts them out when they want no more of it, and only then', () => {
    expect(STOP_WORDS.map((words) => [words, readKeyword(words).action])).toEqual(
      STOP_WORDS.map((words) => [words, 'BLOCK']),
    );
    expect(ORDINARY_TALK.filter((words) => readKeyword(words).action === 'BLOCK')).toEqual([]);
    expect(ORDINARY_TALK.filter((words) => readKeyword(words).action === 'UNBLOCK')).toEqual([]);
  });
});

describe('the table', () => {
  it('shows what went out, what was blocked and why, and what it cost, in a hundred columns', () => {
    const table = reportTable(springReport);
    expect(table.split('\n').every((line) => line.length <= 100)).toBe(true);
    expect(table).toContain('spring-0301-080000');
    expect(rowsOf(table)).toContainEqual(['sent', '3', 'by link', '0', 'by link', '1']);
    expect(rowsOf(table)).toContainEqual(['audience', '5', 'messages', '2', 'people', '2']);
    expect(rowsOf(table)).toContainEqual(expect.arrayContaining(['of those sent', '66.67 %']));
    expect(rowsOf(table)).toContainEqual(expect.arrayContaining(['winter-sale', '1']));
  });

  it('stands in sixty lines of a hundred columns with everything around it, however long references and figures are', () => {
    const long = { ...springReport, campaign: 'x'.repeat(18), sent: 1_234_567, audience: 12_345_678 };
    const causes = Array.from({ length: 20 }, (_, i) => ({ campaign: `${'y'.repeat(200)}-${i}`, messages: 1 }));
    const text = summary({
      reports: [springReport, { ...long, blocked: { ...long.blocked, byCause: causes } }],
      contradictions: Array.from({ length: 200 }, (_, i) => `contradiction ${i}`),
      silence: { optOuts: 12_345, late: 0, delays: { p50: 3.42, p99: 1_234.5 } },
      flowCounts: { total: 48, optedOut: 10, completed: 20, waiting: 18, failed: 0 },
      messages: 21_000,
      folder: '.cache/demo/0301-080000',
      stack: {
        gatewayUrl: 'http://127.0.0.1:8080',
        apiKey: 'k'.repeat(32),
        temporalAddress: '127.0.0.1:7233',
        temporalUiUrl: 'http://127.0.0.1:8233',
      },
    });
    const lines = text.split('\n');
    expect(lines.length).toBeLessThanOrEqual(60);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(text).toContain('provider calls started after an acknowledgement: 0');
    expect(text).toContain('200 contradictions');
  });
});

describe('npm start -- --once', () => {
  const MINUTES = 60_000;

  it(
    'sends two campaigns, shows tables that agree with ledger and log, and ends with status 0',
    async () => {
      const cacheDir = mkdtempSync(join(tmpdir(), 'demo-test-'));
      onTestFinished(() => rmSync(cacheDir, { recursive: true, force: true }));
      const { status, stdout, stderr } = await npmStartOnce(cacheDir);
      expect(status, `${stdout}\n${stderr}`).toBe(0);

      const [spring, summer] = stdout
        .split(/^(?=(?:spring|summer)-\d{4}-\d{6}$)/m)
        .filter((part) => part.includes('│'));
      const first = figures(spring ?? '');
      const second = figures(summer ?? '');
      for (const table of [first, second]) {
        expect(table.audience).toBe(table.permitted + table.blocked);
        expect(table.permitted).toBe(table.sent);
        expect(table.sent).toBe(table.delivered + table.undeliverable);
        expect(table.blocked).toBe(
          table.blockedByReply + table.blockedByLink + table.blockedByFlow + table.blockedByFile,
        );
        expect(table.optedOut).toBe(table.optedOutByReply + table.optedOutByLink + table.optedOutByFlow);
        expect(table.unreadable).toBe(43);
        expect(table.blockedByFile).toBe(400);
      }
      expect(second.audience).toBe(10_048);
      for (const count of [first.optedOutByReply, first.optedOutByLink, first.optedOutByFlow])
        expect(count).toBeGreaterThan(0);
      for (const count of [second.blockedByReply, second.blockedByLink, second.blockedByFlow])
        expect(count).toBeGreaterThan(0);

      expect(stdout).toMatch(/silence +[\d,]{3,} opt-outs acknowledged/);
      expect(stdout).toContain('provider calls started after an acknowledgement: 0');
      expect(stdout).toContain("tables, ledger and the network's log of");
      expect(stdout).toMatch(/Temporal Web +http:\/\/127\.0\.0\.1:\d+\n/);
      const lines = stdout.trimEnd().split('\n');
      expect(lines.length).toBeLessThanOrEqual(60);
      expect(lines.filter((line) => line.length > 100)).toEqual([]);

      // Nobody of this run is named, neither on the screen nor in a log. What says no time and no size is a destination.
      const logs = readdirSync(join(cacheDir, 'logs')).map((file) =>
        readFileSync(join(cacheDir, 'logs', file), 'utf8'),
      );
      for (const text of [stdout, stderr, ...logs]) expect(text).not.toMatch(DESTINATION);
    },
    6 * MINUTES,
  );
});

/** Addresses of the demo, and its numbers as the network knows them: each with its country and a prefix of its plan. */
const DESTINATION =
  /@(?:example\.|mail\.example|xn--)|\b(?:385(?:91|92|95|99)\d{7}|49(?:1511|1512|1522)\d{7}|43(?:660|664|676)\d{7})\b/;

async function npmStartOnce(cacheDir: string) {
  const child = spawn('npm', ['start', '--silent', '--', '--once'], {
    cwd: packageFolder(),
    // Empty means absent: the embedded servers are used, whatever the environment of the tests names.
    env: { ...process.env, BLOCKLIST_CACHE_DIR: cacheDir, BLOCKLIST_DATABASE_URL: '', TEMPORAL_ADDRESS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // With its whole group: a test that fails must not leave a stack behind.
  onTestFinished(() => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/** The figures of a table by their place in it. */
function figures(table: string) {
  const rows = rowsOf(table).filter((row) => row.length === 6);
  const of = (column: number, label: string): number => {
    const row = rows.find((cells) => cells[column] === label);
    return Number(row?.[column + 1]?.replaceAll(',', '') ?? Number.NaN);
  };
  return {
    audience: of(0, 'audience'),
    permitted: of(0, 'permitted'),
    sent: of(0, 'sent'),
    delivered: of(0, 'delivered'),
    undeliverable: of(0, 'undeliverable'),
    blocked: of(0, 'blocked'),
    unreadable: of(0, 'unreadable rows'),
    blockedByReply: of(2, 'by reply'),
    blockedByLink: of(2, 'by link'),
    blockedByFlow: of(2, 'by flow'),
    blockedByFile: of(2, 'by file, operator'),
    optedOut: of(4, 'people'),
    optedOutByReply: of(4, 'by reply'),
    optedOutByLink: of(4, 'by link'),
    optedOutByFlow: of(4, 'by flow'),
  };
}

const campaign = 'spring-0301-080000';
const springReport = summariseCampaign(campaign, '00000000000000000000000000000001', {
  messages: [
    { state: 'sent', delivery: 'DELIVERED', messages: 3 },
    { state: 'blocked', blockedBy: 'CUSTOM', cause: 'winter-sale', messages: 1 },
    { state: 'revoked', blockedBy: 'MO', cause: campaign, messages: 1 },
  ],
  optOuts: [
    { source: 'MO', channel: 'SMS', confidence: 'exact', isFirstTouch: true, people: 1 },
    { source: 'URL_OPT_OUT', channel: 'SMS', confidence: 'exact', isFirstTouch: true, people: 1 },
  ],
  replies: 1,
  invalid: 0,
  secondsToOptOut: { p50: 0.2, p90: 0.3, p99: 0.3 },
});

function rowsOf(table: string): string[][] {
  return table.split('\n').map((line) =>
    line
      .split('│')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function flowPeople({ winBack, appointments }: ReturnType<typeof makePeople>) {
  return [...winBack, ...appointments].map((contact) => ({ channel: 'SMS' as const, ...contact }));
}

function destinations(people: ReturnType<typeof makePeople>): string[] {
  const listed = SENDING_CHANNELS.flatMap((channel) => people.audience[channel]);
  return [...listed, ...people.winBack, ...people.appointments].map(({ destination }) => destination);
}
