// Broadcasts over HTTP: what is accepted, what is refused, and what an upload may look like. What a broadcast then does is
// another file's concern; here the workflow is only started.
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callGateway, startTestGateway, API_KEY, type TestGateway } from './support/running-gateway.js';

let test: TestGateway;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  test = await startTestGateway();
  connection = await Connection.connect({ address: test.temporal.address });
  client = new Client({ connection, namespace: test.temporal.namespace });
});
afterAll(async () => {
  await connection.close();
  await test.close();
});

const BROADCAST = { campaignReference: 'spring', channel: 'SMS', sender: '10950', text: 'Hello. STOP to end.' };
const numbers = (count: number, from = 385_940_000_000): string[] =>
  Array.from({ length: count }, (_, n) => String(from + n));
const post = (body: unknown) => test.call('POST', '/api/v1/broadcasts', body);
const upload = (type: string, body: string, query: Readonly<Record<string, string>> = {}) =>
  test.call('POST', `/api/v1/broadcasts?${new URLSearchParams(query)}`, body, { 'content-type': type });

interface Row {
  readonly status: string;
  readonly audience: number;
  readonly rejected: number;
  readonly text: string;
  readonly rate: number | null;
}

async function broadcasts(): Promise<Row[]> {
  const found = await test.storage.db.query<Row & Record<string, unknown>>(
    'select status, audience, rejected, text, messages_per_second as rate from broadcasts order by id',
  );
  return found.rows;
}
const lastBroadcast = async (): Promise<Row | undefined> => (await broadcasts()).at(-1);
async function idOf(answer: Response): Promise<string> {
  expect(answer.status).toBe(202);
  const body = (await answer.json()) as { broadcastId: string };
  expect(body).toEqual({ broadcastId: expect.stringMatching(/.+/) });
  return body.broadcastId;
}

describe('a broadcast', () => {
  it('is accepted when its audience is stored and its workflow has started', async () => {
    const id = await idOf(
      await post({ ...BROADCAST, messagesPerSecond: 50, destinations: [...numbers(30), '+385 94 000 0000', 'nobody'] }),
    );
    expect(await lastBroadcast()).toMatchObject({ audience: 30, rejected: 1, rate: 50 });
    const started = await client.workflow.getHandle(`blocklist-broadcast-${id}`).describe();
    expect(started).toMatchObject({
      status: { name: 'RUNNING' },
      type: 'blocklistBroadcast',
      taskQueue: 'blocklist-bulk',
    });
    const status = await test.call('GET', `/api/v1/broadcasts/${id}`);
    expect(await status.json()).toMatchObject({
      counts: { audience: 30, permitted: 0, sent: 0, blocked: 0, held: 0, failed: 0 },
    });
  });

  it('of 50,000 destinations fits in JSON, of one more it does not', async () => {
    await idOf(await post({ ...BROADCAST, destinations: numbers(50_000) }));
    expect(await lastBroadcast()).toMatchObject({ audience: 50_000 });
    const more = await post({ ...BROADCAST, destinations: numbers(50_001) });
    expect(more.status).toBe(400);
    expect(await more.json()).toMatchObject({
      error: { violations: [{ path: 'destinations', message: expect.stringContaining('text/csv') }] },
    });
  });

  it('is paused, resumed and cancelled by signals', async () => {
    const id = await idOf(await post({ ...BROADCAST, destinations: numbers(1) }));
    for (const command of ['pause', 'resume', 'cancel']) {
      const answer = await test.call('POST', `/api/v1/broadcasts/${id}/${command}`);
      expect(answer.status).toBe(202);
    }
    const { events } = await client.workflow.getHandle(`blocklist-broadcast-${id}`).fetchHistory();
    const signals = (events ?? []).flatMap((event) => event.workflowExecutionSignaledEventAttributes?.signalName ?? []);
    expect(signals).toEqual(['blocklistPause', 'blocklistResume', 'blocklistCancel']);
  });

  it('that has ended takes no signal any more, and one that never was is not found', async () => {
    const id = await idOf(await post({ ...BROADCAST, destinations: numbers(1) }));
    await client.workflow.getHandle(`blocklist-broadcast-${id}`).terminate();
    const ended = await test.call('POST', `/api/v1/broadcasts/${id}/pause`);
    expect(ended.status).toBe(409);
    expect(await ended.json()).toMatchObject({ error: { code: 'CONFLICT' } });
    for (const path of ['00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-000000000000/pause']) {
      expect((await test.call(path.endsWith('pause') ? 'POST' : 'GET', `/api/v1/broadcasts/${path}`)).status).toBe(404);
    }
    expect((await test.call('GET', '/api/v1/broadcasts/not-an-id!')).status).toBe(404);
  });
});

describe('a bad request', () => {
  it.each([
    ['an unknown channel', { channel: 'PIGEON' }, 'channel'],
    ['no text', { text: '' }, 'text'],
    ['a text of 10 MB', { text: 'x'.repeat(10 << 20) }, 'text'],
    ['a text that cannot be stored', { text: 'a\u0000b' }, 'text'],
    ['no sender', { sender: undefined }, 'sender'],
    ['a campaign reference that is too long', { campaignReference: 'x'.repeat(256) }, 'campaignReference'],
    ['an absurd rate', { messagesPerSecond: 1_000_000 }, 'messagesPerSecond'],
    ['a rate out of this world', { messagesPerSecond: 1e300 }, 'messagesPerSecond'],
    ['a negative rate', { messagesPerSecond: -5 }, 'messagesPerSecond'],
    ['half a message a second', { messagesPerSecond: 0.5 }, 'messagesPerSecond'],
    ['an absurd validity', { validForSeconds: 1e12 }, 'validForSeconds'],
    ['nobody', { destinations: [] }, 'destinations'],
    ['no destinations at all', { destinations: undefined }, 'destinations'],
    ['nobody who can be read', { destinations: ['nobody', '12'] }, 'destinations'],
    ['a destination that is no text', { destinations: ['385911234567', 5] }, 'destinations[1]'],
    ['a field misspelt', { messagePerSecond: 5 }, ''],
    ['an account key that is none', { accountKey: 'x' }, 'accountKey'],
  ])('with %s is refused, says where, and sends nothing', async (_, change, path) => {
    const running = (await broadcasts()).filter(({ status }) => status !== 'CANCELLED').length;
    const answer = await post({ ...BROADCAST, destinations: ['385911234567'], ...change });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: {
        code: 'INVALID_INPUT',
        violations: expect.arrayContaining([{ path, message: expect.stringMatching(/.+/) }]),
      },
    });
    expect((await broadcasts()).filter(({ status }) => status !== 'CANCELLED')).toHaveLength(running);
  });

  it('lists everything that is wrong with it', async () => {
    const answer = await post({ channel: 'PIGEON', destinations: [1, 2] });
    const { error } = (await answer.json()) as { error: { violations: { path: string }[] } };
    expect(error.violations.map(({ path }) => path).sort()).toEqual(
      ['campaignReference', 'channel', 'destinations[0]', 'destinations[1]', 'sender', 'text'].sort(),
    );
  });

  it('larger than 16 MB is refused as too large', async () => {
    const answer = await post({ ...BROADCAST, destinations: numbers(1), text: 'x'.repeat(17 << 20) });
    expect(answer.status).toBe(413);
  });
});

describe('an uploaded audience', () => {
  const query = { ...BROADCAST, messagesPerSecond: '100' };

  it('as CSV with a header is read by its column', async () => {
    await idOf(
      await upload(
        'text/csv; charset=utf-8',
        '\ufeffname,phone\r\n"Ana, of course","385940000001"\r\n\r\nIvo,+385 94 000 0002\r\nEve,none\r\n',
        query,
      ),
    );
    expect(await lastBroadcast()).toMatchObject({ audience: 2, rejected: 1, rate: 100, text: BROADCAST.text });
  });

  it('as CSV without a header is read from its first line', async () => {
    await idOf(await upload('text/csv', '385940000001\n385940000002\n', query));
    expect(await lastBroadcast()).toMatchObject({ audience: 2, rejected: 0 });
  });

  it('as lines of JSON may carry the broadcast in its first line', async () => {
    const lines = [
      BROADCAST,
      '385940000001',
      385940000002,
      { destination: '385940000003' },
      { to: '385940000004' },
      { other: 1 },
    ];
    await idOf(
      await upload('application/x-ndjson', `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{broken\n`),
    );
    expect(await lastBroadcast()).toMatchObject({ audience: 4, rejected: 2, text: BROADCAST.text });
  });

  it('as lines of JSON may have it in the query', async () => {
    await idOf(await upload('application/x-ndjson', '"385940000001"\n"385940000002"', query));
    expect(await lastBroadcast()).toMatchObject({ audience: 2, rejected: 0 });
  });

  it('larger than JSON may be is taken as it comes', async () => {
    await idOf(await upload('text/csv', numbers(60_000).join('\n'), query));
    expect(await lastBroadcast()).toMatchObject({ audience: 60_000 });
  });

  it.each([
    ['CSV with an open quote', 'text/csv', '385940000001\n"385940000002\n', query, /line \d+: not readable as CSV/],
    ['an endless line', 'application/x-ndjson', `"${'3'.repeat(5 << 20)}"`, query, /line is longer/],
    ['no parameters', 'text/csv', '385940000001\n', {}, /.+/],
    ['a first line that is no broadcast', 'application/x-ndjson', '{oops\n"385940000001"', {}, /first line/],
    ['a rate that is no number', 'text/csv', '385940000001\n', { ...query, messagesPerSecond: 'fast' }, /.+/],
    [
      'destinations in both places',
      'application/x-ndjson',
      `${JSON.stringify({ ...BROADCAST, destinations: ['385940000001'] })}\n"385940000002"`,
      {},
      /upload already/,
    ],
    ['nothing in it', 'text/csv', '', query, /nothing was started/],
  ])('with %s is refused and sends nothing', async (_, type, body, parameters, message) => {
    const running = (await broadcasts()).filter(({ status }) => status !== 'CANCELLED').length;
    const answer = await upload(type, body, parameters);
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: { violations: { message: string }[] } };
    expect(error.violations[0]?.message).toMatch(message);
    expect((await broadcasts()).filter(({ status }) => status !== 'CANCELLED')).toHaveLength(running);
  });

  it('that breaks off in the middle sends nothing', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`${numbers(5_000).join('\n')}\n`));
        setTimeout(() => controller.error(new Error('gone')), 200);
      },
    });
    const request = fetch(`${test.gateway.url}/api/v1/broadcasts?${new URLSearchParams(query)}`, {
      method: 'POST',
      headers: { authorization: `App ${API_KEY}`, 'content-type': 'text/csv' },
      body,
      duplex: 'half',
    } as RequestInit);
    await expect(request).rejects.toThrow(/gone|fetch failed/);
    await expect.poll(async () => (await lastBroadcast())?.status, { timeout: 5_000 }).toBe('CANCELLED');
  });
});

describe('Temporal down', () => {
  it('refuses a broadcast with a time to try again, and nothing of it is sent later', async () => {
    const other = await startTestGateway({ gateway: { temporal: { address: '127.0.0.1:1', namespace: 'default' } } });
    const answer = await callGateway(other.gateway.url, 'POST', '/api/v1/broadcasts', {
      ...BROADCAST,
      destinations: numbers(3),
    });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ error: { code: 'TEMPORAL_UNAVAILABLE' } });
    const found = await other.storage.db.query(`select id from broadcasts where status <> 'CANCELLED'`);
    expect(found.rows).toEqual([]);
    await other.close();
  });
});
