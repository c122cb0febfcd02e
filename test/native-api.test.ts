// The native API on a real Postgres behind a running gateway: bulk checks, history, imports, exports, keywords.
import { randomUUID } from 'node:crypto';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiKeyStore } from '../src/storage/api-keys.js';
import { keywordStore } from '../src/storage/keywords.js';
import { startTestGateway, type TestGateway } from './support/running-gateway.js';
import { claim } from './support/storage-fixture.js';

let test: TestGateway;
let viewer: string;
beforeAll(async () => {
  test = await startTestGateway();
  const account = await test.storage.accounts.get();
  const made = await apiKeyStore(test.storage.db).create(account, { name: 'a test', role: 'viewer' }, 'operator:test');
  viewer = made.key;
});
afterAll(() => test.close());

async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const answer = await test.call(method, path, body, key === undefined ? {} : { authorization: `App ${key}` });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return JSON.parse(text) as T;
}

const block = (...destinations: string[]) =>
  test
    .call('POST', '/platform/1/blocklists', { blocklist: [{ destinations: destinations.map((to) => ({ to })) }] })
    .then((answer) => expect(answer.status).toBe(202));

const upload = async <T>(type: string, content: string, query = ''): Promise<T> => {
  const answer = await test.call('POST', `/api/v1/imports?${query}`, content, { 'content-type': type });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return JSON.parse(text) as T;
};

interface Imported {
  readonly importId?: string;
  readonly added: number;
  readonly strengthened: number;
  readonly already: number;
  readonly rejected: number;
  readonly rejects: readonly { readonly line: number }[];
}

describe('POST /api/v1/check', () => {
  it('answers one row for each destination, in the order asked and as it was given', async () => {
    await block('385911000001', 'ann@blocked.example');
    const destinations = ['+385 91 100 0002', '385911000001', 'nobody', '00385911000001', '385911000002'];
    const { results } = await call<{ results: Record<string, unknown>[] }>(
      'POST',
      '/api/v1/check',
      { channel: 'SMS', sender: '10950', destinations },
      viewer,
    );
    expect(results.map((row) => row['destination'])).toEqual(destinations);
    expect(results.map((row) => row['verdict'])).toEqual(['permitted', 'blocked', 'invalid', 'blocked', 'permitted']);
    expect(results[1]).toMatchObject({ explanation: { source: 'CUSTOM' } });
    expect(results[2]).toEqual({ destination: 'nobody', verdict: 'invalid', reason: expect.any(String) });
  });

  it('takes 50,000 at once and no more, and stores nothing', async () => {
    const destinations = Array.from({ length: 50_000 }, (_, n) => String(385_920_000_000 + n));
    const count = () => test.storage.db.query('select count(*) from contact_points');
    const before = (await count()).rows;
    const { results } = await call<{ results: unknown[] }>('POST', '/api/v1/check', { channel: 'SMS', destinations });
    expect(results).toHaveLength(50_000);
    expect((await count()).rows).toEqual(before);
    const more = await test.call('POST', '/api/v1/check', { channel: 'SMS', destinations: [...destinations, '1'] });
    expect(more.status).toBe(400);
  });
});

describe('GET /api/v1/destinations/{d}/history', () => {
  it('tells the ledger, and the list as it was then', async () => {
    const person = '385911000010';
    const before = new Date().toISOString();
    await block(person);
    const between = new Date(Date.now() + 1).toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const removed = { blocklist: [{ destinations: [{ to: person }] }] };
    expect((await test.call('DELETE', '/platform/1/blocklists', removed)).status).toBe(202);
    const path = `/api/v1/destinations/${person}/history`;
    type History = { destination: string; entries: unknown[]; events: { effect: string }[] };
    const now = await call<History>('GET', path);
    expect(now.entries).toEqual([]);
    expect(now.events.map((event) => event.effect)).toEqual(['added', 'removed']);
    expect((await call<History>('GET', `${path}?at=${before}`)).entries).toEqual([]);
    const then = await call<History>('GET', `${path}?at=${between}`, undefined, viewer);
    expect(then.entries).toHaveLength(1);
    expect(then.destination).toBe('385*******10');
  });
});

describe('imports', () => {
  it('are rehearsed, run, repeated without effect, and undone as a whole', async () => {
    const csv = 'phone,channel,covers\n385911000100,,ALL\n385911000101,SMS,MARKETING\nnobody,,\n';
    const rehearsed = await upload<Imported>('text/csv', csv, 'dryRun=true');
    expect(rehearsed).toMatchObject({ added: 2, rejected: 1, rejects: [{ line: 4 }] });
    expect(rehearsed.importId).toBeUndefined();
    expect((await claim(test.storage, { to: '385911000100' })).state).toBe('claimed');

    const first = await upload<Imported>('text/csv', csv, 'name=list.csv');
    expect(first).toMatchObject({ added: 2, already: 0, rejected: 1 });
    expect(await upload<Imported>('text/csv', csv)).toMatchObject({ added: 0, already: 2 });
    expect(await upload<Imported>('application/x-ndjson', '{"phone":"385911000101","channel":"SMS"}\n')).toMatchObject({
      added: 0,
      strengthened: 1,
    });
    // The repeats have touched every entry since: nothing is lifted by surprise.
    expect(await call('POST', `/api/v1/imports/${first.importId}/undo`)).toEqual({ lifted: 0, kept: 2 });

    const second = await upload<Imported>('application/x-ndjson', '"385911000110"\n"385911000111"\n{"email":"x"}\n');
    expect(second).toMatchObject({ added: 2, rejected: 1 });
    await block('385911000111');
    expect(await call('POST', `/api/v1/imports/${second.importId}/undo`)).toEqual({ lifted: 1, kept: 1 });
    expect((await claim(test.storage, { to: '385911000110' })).state).toBe('claimed');
    expect((await claim(test.storage, { to: '385911000111' })).state).toBe('blocked');
    const { imports } = await call<{ imports: Record<string, unknown>[] }>('GET', '/api/v1/imports');
    expect(imports[0]).toMatchObject({ id: second.importId, counts: { added: 2 }, undoneBy: 'api-key:bootstrap' });
  });

  it('undo thousands of entries and leave everything else', async () => {
    const rows = Array.from({ length: 1_200 }, (_, n) => `${385_940_000_000 + n}`);
    const { importId } = await upload<Imported>('text/csv', `phone\n${rows.join('\n')}\n`);
    expect(await call('POST', `/api/v1/imports/${importId}/undo`)).toEqual({ lifted: 1_200, kept: 0 });
    expect((await claim(test.storage, { to: rows[700] as string })).state).toBe('claimed');
    expect((await claim(test.storage, { to: '385911000001' })).state).toBe('blocked');
  });

  it('refuse what is no file, and viewers', async () => {
    expect((await test.call('POST', '/api/v1/imports', { a: 1 })).status).toBe(400);
    const refused = await test.call('POST', '/api/v1/imports', '385911000200\n', {
      'content-type': 'text/csv',
      authorization: `App ${viewer}`,
    });
    expect(refused.status).toBe(403);
  });
});

describe('exports', () => {
  const get = (query: string, key?: string) =>
    test.call('GET', `/api/v1/exports?${query}`, undefined, key === undefined ? {} : { authorization: `App ${key}` });

  it('give the list as CSV that can be imported, and as lines of JSON', async () => {
    const csv = await get('format=csv');
    expect(csv.headers.get('content-type')).toContain('text/csv');
    const text = await csv.text();
    const rows = parse(text, { columns: true }) as Record<string, string>[];
    expect(rows.map((row) => row['destination'])).toContain('385911000001');
    expect(await upload<Imported>('text/csv', text, 'dryRun=true')).toMatchObject({ added: 0, already: rows.length });
    const lines = (await (await get('format=jsonl&source=CUSTOM')).text()).trim().split('\n');
    expect(lines).toHaveLength(rows.length);
  });

  it('mask destinations for viewers', async () => {
    const text = await (await get('format=jsonl', viewer)).text();
    expect(text).not.toContain('385911000001');
    expect(text).toContain('385*******01');
  });

  it('are as long as the list, and no longer in memory than a page', { timeout: 120_000 }, async () => {
    const contacts = 60_000;
    await test.storage.db.query(
      `with people as (
         insert into contact_points (root_id, kind, hash, value)
         select 1, 'phone', decode(md5('export ' || n), 'hex'), (385950000000 + n)::text from generate_series(1, $1::integer) n
         returning id
       ),
       events as (
         insert into blocklist_events (kind, effect, account_id, contact_id, source, received_at, actor)
         select 'BLOCK', 'added', 1, id, 'CUSTOM', now(), 'operator:test' from people
         returning id, contact_id, at, received_at
       )
       insert into blocklist_entries (id, account_id, contact_id, source, covers, complaint, added_at, last_received_at)
       select id, 1, contact_id, 'CUSTOM', 'ALL', false, at, received_at from events`,
      [contacts],
    );
    const answer = await get('format=jsonl');
    const reader = answer.body!.getReader();
    let lines = 0;
    let pauses = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      lines +=
        Buffer.from(value as Uint8Array)
          .toString('latin1')
          .split('\n').length - 1;
      // A slow reader: what is not taken is not made.
      if ((pauses += 1) < 20) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(lines).toBeGreaterThanOrEqual(contacts);
  });
});

describe('POST /api/v1/keywords/test', () => {
  it('tells what a reply would do, sent to that sender, and does nothing', async () => {
    const account = await test.storage.accounts.get();
    const word = `W${randomUUID().slice(0, 6)}`;
    await keywordStore(test.storage.db).set(account, {
      sender: '10950',
      keyword: word,
      action: 'BLOCK',
      level: 'FROM_SENDER',
      autoResponse: 'Bye.',
    });
    const ask = (text: string, sender: string) =>
      call('POST', '/api/v1/keywords/test', { text, sender, channel: 'SMS' }, viewer);
    expect(await ask(`${word} please`, '10950')).toMatchObject({
      action: 'BLOCK',
      level: 'FROM_SENDER',
      builtIn: false,
      cleanText: 'please',
      autoResponse: 'Bye.',
      ruleId: expect.any(String),
    });
    expect(await ask(`${word} please`, '20950')).toMatchObject({ action: 'NONE' });
    expect(await ask('stop', '20950')).toMatchObject({ action: 'BLOCK', level: 'FROM_ANY_SENDER', builtIn: true });
  });
});
