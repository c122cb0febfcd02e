// The product's Blocklist interface, answer by answer as it is documented.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { watchEnd } from './support/ended.js';
import { beginDispatch, startTestGateway, type TestGateway } from './support/running-gateway.js';
import { claim, destination } from './support/storage-fixture.js';

const URL = '/platform/1/blocklists';
const ROOT = '00000000000000000000000000000001';

let test: TestGateway;
let child: string;
beforeAll(async () => {
  test = await startTestGateway();
  child = await newAccount(ROOT);
});
afterAll(() => test.close());

interface Listed {
  readonly destination: string;
  readonly accountKey: string;
  readonly sourceType: string;
}
interface Page {
  readonly results: Listed[];
  readonly paging: Record<string, number>;
}

let used = 385_940_000_000;
const fresh = (): string => String((used += 1));
const number = (n: number, base = 385_950_000_000): string => String(base + n);

async function newAccount(parentKey: string): Promise<string> {
  const made = await test.call('POST', '/api/v1/accounts', { parentKey });
  return ((await made.json()) as { accountKey: string }).accountKey;
}

async function newKey(
  role: string,
  accountKey = ROOT,
): Promise<{ readonly authorization: string; readonly id: number }> {
  const made = await test.call('POST', '/api/v1/keys', { name: 'of a test', role, accountKey });
  const { key, id } = (await made.json()) as { key: string; id: number };
  return { authorization: `App ${key}`, id };
}

const change = (method: 'POST' | 'DELETE', entries: readonly object[], headers: Record<string, string> = {}) =>
  test.call(method, URL, { blocklist: entries }, headers);

async function add(entry: object, headers: Record<string, string> = {}): Promise<void> {
  const answer = await change('POST', [entry], headers);
  expect(answer.status).toBe(202);
}

async function list(query: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
  const answer = await test.call('GET', `${URL}?${new URLSearchParams(query)}`, undefined, headers);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Page;
}

async function isListed(to: string, query: Record<string, string> = {}): Promise<boolean> {
  return (await list({ destination: to, ...query })).results.length > 0;
}

async function mistakes(method: string, query: string, body?: unknown): Promise<Record<string, string[]>> {
  const answer = await test.call(method, URL + query, body);
  expect(answer.status).toBe(400);
  const { requestError } = (await answer.json()) as {
    requestError: { serviceException: { messageId: string; text: string; validationErrors: Record<string, string[]> } };
  };
  expect(requestError.serviceException).toMatchObject({ messageId: 'BAD_REQUEST', text: 'Bad request' });
  return requestError.serviceException.validationErrors;
}

const to = (...destinations: readonly string[]) => ({ destinations: destinations.map((each) => ({ to: each })) });

describe('adding', () => {
  it('answers 202 with an empty body, and the record reads as documented, absent properties left out', async () => {
    const plain = fresh();
    const answer = await change('POST', [to(plain)]);
    expect(answer.status).toBe(202);
    expect(answer.headers.get('content-length')).toBe('0');
    expect(await answer.text()).toBe('');
    const { results } = await list({ destination: plain });
    expect(results).toEqual([
      {
        destination: plain,
        sourceType: 'CUSTOM',
        accountKey: ROOT,
        createdDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    ]);
    const full = fresh();
    await add({ ...to(full), sender: 'ACME', channel: 'MMS', accountKey: child });
    expect((await list({ destination: full, accountKey: child })).results).toMatchObject([
      { destination: full, sender: 'ACME', channel: 'MMS', accountKey: child },
    ]);
  });

  it('drops duplicates, within a request and of what is there', async () => {
    const one = fresh();
    const answer = await change('POST', [to(one, `+${one}`, `00${one}`), { ...to(one), channel: null }]);
    expect(answer.status).toBe(202);
    await add(to(one));
    expect((await list({ destination: one })).paging).toMatchObject({ totalResults: 1 });
    // The first request left one event, the second says it was there already.
    const events = await test.storage.db.query<{ effect: string }>(
      `select e.effect from blocklist_events e join contact_points p on p.id = e.contact_id
       where p.value = $1 order by e.id`,
      [one],
    );
    expect(events.rows.map(({ effect }) => effect)).toEqual(['added', 'already']);
  });

  it.each(['SMS', 'EMAIL', 'VIBER', 'RCS', 'MMS', 'WHATSAPP'])('takes the channel %s', async (channel) => {
    await add({ ...to(channel === 'EMAIL' ? `${fresh()}@example.com` : fresh()), channel });
  });

  it.each(['APPLE_MB', 'VOICE_OUTBOUND_TTS', 'NEW_PUSH_NOTIF', 'sms', ''])(
    'does not take the channel %j',
    async (channel) => {
      const found = await mistakes('POST', '', { blocklist: [{ ...to(fresh()), channel }] });
      expect(found).toEqual({ 'blocklist[0].channel': ['unsupported channel'] });
    },
  );

  it('takes e-mail addresses and domains, and a domain stops everybody there', async () => {
    await add(to('Ann.Lee@Example.net', 'blocked.example'));
    expect((await list({ destination: 'ann.lee@example.net' })).results).toHaveLength(1);
    expect((await claim(test.storage, { to: 'who@blocked.example' })).state).toBe('blocked');
    expect((await claim(test.storage, { to: 'who@elsewhere.example' })).state).toBe('claimed');
  });

  it('reports every mistake of a request together, by its path, and changes nothing', async () => {
    const good = fresh();
    const found = await mistakes('POST', '', {
      blocklist: [
        { ...to('', 'x'.repeat(256), good), channel: 'PIGEON' },
        { ...to(good), accountKey: 'F'.repeat(32), sender: '' },
        { destinations: [] },
        to('0915550123', 'not\u0000storable'),
      ],
    });
    expect(found).toEqual({
      'blocklist[0].destinations[0].to': ['size must be between 1 and 255'],
      'blocklist[0].destinations[1].to': ['size must be between 1 and 255'],
      'blocklist[0].channel': ['unsupported channel'],
      'blocklist[1].accountKey': ['unsupported account key'],
      'blocklist[1].sender': ['size must be between 1 and 255'],
      'blocklist[2].destinations': ['must not be empty'],
      'blocklist[3].destinations[0].to': [expect.stringContaining('unsupported destination')],
      'blocklist[3].destinations[1].to': [expect.stringContaining('cannot be stored')],
    });
    expect(await isListed(good)).toBe(false);
  });

  it.each([
    ['nothing', undefined],
    ['a list', []],
    ['null', 'null'],
    ['no list', { blocklist: {} }],
    ['an empty list', { blocklist: [] }],
    ['entries of other kinds', { blocklist: [null, 1, 'x', {}, { destinations: [null, 7] }] }],
    ['broken JSON', '{"blocklist":[{'],
    [
      'objects that are no texts',
      { blocklist: [{ ...to('385911234567'), accountKey: { toString: 1 }, channel: { toString: 1 } }] },
    ],
  ])('refuses a body that is %s', async (_, body) => {
    const json = { 'content-type': 'application/json' };
    const answer = await test.call('POST', URL, body, typeof body === 'string' ? json : {});
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      requestError: { serviceException: { messageId: 'BAD_REQUEST', text: 'Bad request' } },
    });
  });

  it('tolerates properties that it does not know', async () => {
    const one = fresh();
    const answer = await test.call('POST', URL, { type: 'x', blocklist: [{ ...to(one), reason: 'y' }] });
    expect(answer.status).toBe(202);
    expect(await isListed(one)).toBe(true);
  });

  it('names its key in the ledger', async () => {
    const { authorization, id } = await newKey('editor');
    const [mine, bootstrap] = [fresh(), fresh()];
    await add(to(mine), { authorization });
    await add(to(bootstrap));
    await change('DELETE', [to(mine)], { authorization });
    const actors = await test.storage.db.query<{ value: string; actor: string }>(
      `select p.value, e.actor from blocklist_events e join contact_points p on p.id = e.contact_id
       where p.value = any ($1) order by e.id`,
      [[mine, bootstrap]],
    );
    expect(actors.rows).toEqual([
      { value: mine, actor: `api-key:${id}` },
      { value: bootstrap, actor: 'api-key:bootstrap' },
      { value: mine, actor: `api-key:${id}` },
    ]);
  });

  it('takes back permits, and is answered when no provider call can start any more', async () => {
    const one = fresh();
    const waiting = await claim(test.storage, { to: one });
    const underWay = await claim(test.storage, { to: one });
    const settle = await beginDispatch(test.storage, underWay.permitId);
    let isAnswered = false;
    const answer = change('POST', [to(one)]).then((response) => {
      isAnswered = true;
      return response;
    });
    await sleep(300);
    expect(isAnswered).toBe(false);
    await settle();
    expect((await answer).status).toBe(202);
    const states = await test.storage.db.query<{ id: string; state: string }>(
      'select id, state from sends where id = any ($1)',
      [[waiting.permitId, underWay.permitId]],
    );
    expect(new Map(states.rows.map(({ id, state }) => [id, state]))).toEqual(
      new Map([
        [waiting.permitId, 'revoked'],
        [underWay.permitId, 'sent'],
      ]),
    );
  });
});

describe('50,000 destinations', () => {
  const many = (count: number) => to(...Array.from({ length: count }, (_, n) => number(n)));

  it('and one more are refused, over all entries of the request', async () => {
    const found = await mistakes('POST', '', { blocklist: [many(50_000), to(fresh())] });
    expect(found).toEqual({ blocklist: ['must not have more than 50000 destinations'] });
    expect(await isListed(number(0))).toBe(false);
  });

  it(
    'are taken at once; the next claims see them, and those made meanwhile do not stall',
    { timeout: 240_000 },
    async () => {
      const contacts = await test.storage.contacts.resolve(
        1,
        Array.from({ length: 2_000 }, (_, n) => destination(number(n * 25))),
      );
      const streamId = await test.storage.streams.id({ accountId: 1, channel: 'SMS', sender: '10950' });
      let turn = 0;
      /** As a broadcast does: other people each time. */
      const claimAll = async () => {
        const begun = performance.now();
        turn = (turn + 200) % contacts.length;
        const messages = contacts.slice(turn, turn + 200).map((contactId) => ({ permitId: randomUUID(), contactId }));
        const rows = await test.storage.permits.claim({ streamId, claimant: randomUUID(), mayRepeat: true, messages });
        return { ms: performance.now() - begun, blocked: rows.filter(({ state }) => state === 'blocked').length };
      };
      const begun = performance.now();
      const posted = change('POST', [many(50_000)]);
      const posting = watchEnd(posted);
      const meanwhile: Awaited<ReturnType<typeof claimAll>>[] = [];
      for (; !posting.isOver; await sleep(20)) meanwhile.push(await claimAll());
      const postMs = performance.now() - begun;
      expect((await posted).status).toBe(202);
      expect((await claimAll()).blocked).toBe(200);
      // Each of the ten transactions keeps those in it waiting, and nobody longer, however busy the machine is.
      expect(meanwhile.length).toBeGreaterThan(10);
      expect(Math.max(...meanwhile.map(({ ms }) => ms))).toBeLessThan(postMs / 2);
      expect((await list({ size: '1' })).paging['totalResults']).toBeGreaterThanOrEqual(50_000);

      expect((await change('DELETE', [many(50_000)])).status).toBe(202);
      expect((await claimAll()).blocked).toBe(0);
    },
  );

  it.each([
    ['a million of nothing', { blocklist: Array.from({ length: 1_000_000 }, () => ({})) }],
    [
      'a million destinations in one entry',
      { blocklist: [{ destinations: Array.from({ length: 1_000_000 }, () => 1) }] },
    ],
    [
      'more mistakes than can be listed',
      { blocklist: Array.from({ length: 50_000 }, () => ({ channel: 'X', sender: '', accountKey: 'x' })) },
    ],
  ])('%s is refused as a bad request', async (_, body) => {
    expect(await mistakes('POST', '', body)).not.toEqual({});
  });

  it('may be as long as they can be', async () => {
    const longest = Array.from(
      { length: 50_000 },
      (_, n) => `${n}`.padEnd(64, 'a') + `@${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`,
    );
    const answer = await change('DELETE', [to(...longest)]);
    expect(answer.status).toBe(202);
  });
});

describe('removing', () => {
  it('needs every property that the record has, and no other', async () => {
    const one = fresh();
    const record = { ...to(one), sender: '10 950', channel: 'SMS' };
    await add(record);
    const misses = [
      to(one),
      { ...to(one), sender: '10950' },
      { ...to(one), channel: 'SMS' },
      { ...to(one), channel: 'MMS', sender: '10950' },
      { ...to(one), channel: 'SMS', sender: '10951' },
      { ...record, sourceType: 'MO' },
      { ...record, accountKey: child },
    ];
    for (const miss of misses) {
      const answer = await change('DELETE', [miss]);
      expect(answer.status).toBe(202);
      expect(await answer.text()).toBe('');
      expect(await isListed(one)).toBe(true);
    }
    // A sender is the same sender however its digits are spaced.
    expect((await change('DELETE', [{ ...record, sender: '10950', sourceType: 'CUSTOM' }])).status).toBe(202);
    expect(await isListed(one)).toBe(false);
  });

  it('without a source type takes records of any source, but never a complaint', async () => {
    const [one, complainer] = [fresh(), fresh()];
    await add(to(one));
    const [mo, complaint] = await test.storage.contacts.resolve(1, [destination(one), destination(complainer)]);
    const item = { accountId: 1, receivedAt: new Date(), actor: 'person' } as const;
    await test.storage.optOuts.optOut([
      { ...item, contactId: mo!, source: 'MO' },
      { ...item, contactId: complaint!, source: 'MO', complaint: true },
    ]);
    expect((await list({ destination: one })).results.map(({ sourceType }) => sourceType).sort()).toEqual([
      'CUSTOM',
      'MO',
    ]);
    await change('DELETE', [{ ...to(one), sourceType: 'MO' }]);
    expect((await list({ destination: one })).results).toMatchObject([{ sourceType: 'CUSTOM' }]);
    await test.storage.optOuts.optOut([{ ...item, contactId: mo!, source: 'URL_OPT_OUT' }]);
    await change('DELETE', [to(one, complainer)]);
    expect(await isListed(one)).toBe(false);
    expect(await isListed(complainer)).toBe(true);
  });

  it('knows the channel APPLE_MB, and not the two that nobody can remove', async () => {
    expect((await change('DELETE', [{ ...to(fresh()), channel: 'APPLE_MB' }])).status).toBe(202);
    for (const channel of ['VOICE_OUTBOUND_TTS', 'NEW_PUSH_NOTIF']) {
      const found = await mistakes('DELETE', '', { blocklist: [{ ...to(fresh()), channel }] });
      expect(found).toEqual({ 'blocklist[0].channel': ['unsupported channel'] });
    }
    const found = await mistakes('DELETE', '', { blocklist: [{ ...to(fresh()), sourceType: 'X' }] });
    expect(found).toEqual({ 'blocklist[0].sourceType': ['unsupported source type'] });
  });

  it('of what was never there is no mistake', async () => {
    expect((await change('DELETE', [to(fresh(), 'no destination at all')])).status).toBe(202);
  });
});

describe('listing', () => {
  it('has the documented paging, its defaults and its bounds', async () => {
    const mine = await newAccount(ROOT);
    await add({ ...to(...Array.from({ length: 101 }, fresh)), accountKey: mine });
    const first = await list({ accountKey: mine });
    expect(first.results).toHaveLength(100);
    expect(first.paging).toEqual({ page: 0, size: 100, totalPages: 2, totalResults: 101 });
    const second = await list({ accountKey: mine, page: '1' });
    expect(second.results).toHaveLength(1);
    const all = await list({ accountKey: mine, size: '1000' });
    expect(all.results.map((each) => each.destination)).toEqual(
      [...first.results, ...second.results].map((each) => each.destination),
    );
    const beyond = await list({ accountKey: mine, page: '2147483647', size: '1000' });
    expect(beyond).toEqual({ results: [], paging: { page: 2147483647, size: 1000, totalPages: 1, totalResults: 101 } });
    expect((await list({ accountKey: await newAccount(ROOT) })).paging).toMatchObject({
      totalPages: 0,
      totalResults: 0,
    });
    expect(await mistakes('GET', '?page=-1&size=1001')).toEqual({
      page: ['must be greater than or equal to 0'],
      size: ['must be less than or equal to 1000'],
    });
    expect(Object.keys(await mistakes('GET', `?page=${10 ** 30}&size=0`))).toEqual(['page', 'size']);
    expect(Object.keys(await mistakes('GET', '?page=x&size=1.5'))).toEqual(['page', 'size']);
  });

  it('filters by each property, and by all of them together', async () => {
    const mine = await newAccount(ROOT);
    const [one, other] = [fresh(), fresh()];
    await add({ ...to(one), sender: 'Shop', channel: 'VIBER', accountKey: mine });
    await add({ ...to(other), accountKey: mine });
    const account = await test.storage.accounts.get(mine);
    const [third] = await test.storage.contacts.resolve(account.rootId, [destination(fresh())]);
    await test.storage.optOuts.optOut([
      {
        accountId: account.id,
        contactId: third!,
        source: 'MO',
        campaignId: await test.storage.streams.campaignId(account.id, 'summersale'),
        receivedAt: new Date(),
        actor: 'person',
      },
    ]);
    const count = async (query: Record<string, string>) => (await list({ accountKey: mine, ...query })).results.length;
    expect(await count({})).toBe(3);
    expect(await count({ sender: 'SHOP' })).toBe(1);
    expect(await count({ destination: `+${other}` })).toBe(1);
    expect(await count({ destination: 'nobody we know' })).toBe(0);
    expect(await count({ channel: 'VIBER' })).toBe(1);
    expect(await count({ channel: 'VOICE_OUTBOUND_TTS' })).toBe(0);
    expect(await count({ sourceType: 'MO' })).toBe(1);
    expect((await list({ accountKey: mine, campaign: 'summersale' })).results).toMatchObject([
      { sourceType: 'MO', campaign: 'summersale' },
    ]);
    expect(await count({ campaign: 'wintersale' })).toBe(0);
    const [from, till] = [new Date(Date.now() - 60_000).toISOString(), new Date(Date.now() + 60_000).toISOString()];
    expect(await count({ createdDateFrom: from, createdDateTo: till })).toBe(3);
    expect(await count({ createdDateFrom: '2020-01-01T00:00:00.000+0000', createdDateTo: from })).toBe(0);
    expect(
      await count({
        sender: 'shop',
        channel: 'VIBER',
        sourceType: 'CUSTOM',
        destination: one,
        createdDateFrom: from,
        createdDateTo: till,
      }),
    ).toBe(1);
  });

  it.each([
    ['sourceType=SMOKE&channel=PIGEON', { sourceType: ['unsupported source type'], channel: ['unsupported channel'] }],
    ['createdDateFrom=2022-01-01T00:00:00Z', { request: [expect.stringContaining('both be present')] }],
    [
      'createdDateFrom=2022-02-01T00:00:00Z&createdDateTo=2022-01-01T00:00:00Z',
      { request: [expect.stringContaining('earlier one first')] },
    ],
    [
      'createdDateFrom=yesterday&createdDateTo=x',
      { createdDateFrom: [expect.any(String)], createdDateTo: [expect.any(String)] },
    ],
    [`accountKey=${'F'.repeat(32)}`, { accountKey: ['unsupported account key'] }],
    ['accountKey=mine', { accountKey: ['unsupported account key'] }],
    ['destination=&sender=', { destination: [expect.any(String)], sender: [expect.any(String)] }],
    ['getAllAccountKeysBlocklists=perhaps', { getAllAccountKeysBlocklists: [expect.any(String)] }],
    ['channel=SMS&channel=MMS', { channel: ['unsupported channel'] }],
  ])('reports what is wrong with %s', async (query, expected) => {
    expect(await mistakes('GET', `?${query}`)).toEqual(expected);
  });

  it('shows the tree to the account above, and an account below only itself', async () => {
    const mine = await newAccount(ROOT);
    const below = await newAccount(mine);
    const [one, other] = [fresh(), fresh()];
    const { authorization } = await newKey('editor', mine);
    await add(to(one), { authorization });
    await add({ ...to(other), accountKey: below }, { authorization });
    const seen = async (query: Record<string, string>, headers: Record<string, string>) =>
      (await list(query, headers)).results.map((each) => each.destination);
    expect(await seen({}, { authorization })).toEqual([one]);
    expect(await seen({ getAllAccountKeysBlocklists: 'true' }, { authorization })).toEqual([one, other]);
    expect(await seen({ getAllAccountKeysBlocklists: 'false' }, { authorization })).toEqual([one]);
    expect(await seen({ accountKey: below }, { authorization })).toEqual([other]);
    const under = { authorization: (await newKey('editor', below)).authorization };
    expect(await seen({ getAllAccountKeysBlocklists: 'true' }, under)).toEqual([other]);
    const foreign = await change('POST', [{ ...to(one), accountKey: mine }], under);
    expect(foreign.status).toBe(400);
    expect(await foreign.json()).toMatchObject({
      requestError: {
        serviceException: { validationErrors: { 'blocklist[0].accountKey': ['unsupported account key'] } },
      },
    });
    // A parent's entry blocks below as well.
    expect((await claim(test.storage, { to: one, account: await test.storage.accounts.get(below) })).state).toBe(
      'blocked',
    );
  });

  it('masks destinations for viewers', async () => {
    const viewer = await newKey('viewer');
    const one = fresh();
    await add(to(one));
    const { results } = await list({ destination: one }, { authorization: viewer.authorization });
    expect(results).toMatchObject([{ destination: `385*******${one.slice(-2)}` }]);
  });
});

describe('errors', () => {
  it('401 and 403 have the documented bodies', async () => {
    const unauthorized = await test.call('GET', URL, undefined, { authorization: 'App wrong' });
    expect(unauthorized.status).toBe(401);
    expect(await unauthorized.json()).toEqual({
      requestError: { serviceException: { messageId: 'UNAUTHORIZED', text: 'Unauthorized' } },
    });
    const { authorization } = await newKey('viewer');
    for (const method of ['POST', 'DELETE'] as const) {
      const forbidden = await change(method, [to(fresh())], { authorization });
      expect(forbidden.status).toBe(403);
      expect(await forbidden.json()).toEqual({
        requestError: { serviceException: { messageId: 'FORBIDDEN', text: 'Forbidden' } },
      });
    }
  });

  it('a body that is too large or of another type is a bad request', async () => {
    const large = await test.call('POST', URL, ' '.repeat(17 << 20), { 'content-type': 'application/json' });
    const other = await test.call('POST', URL, 'x', { 'content-type': 'text/plain' });
    for (const answer of [large, other]) {
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({
        requestError: { serviceException: { messageId: 'BAD_REQUEST', text: 'Bad request' } },
      });
    }
  });

  it('429 says when to come back, where the documented rate of one request a second is switched on', async () => {
    const other = await startTestGateway({ env: { BLOCKLIST_DOCUMENTED_RATES: 'on' } });
    const ask = () => other.call('GET', URL);
    expect((await ask()).status).toBe(200);
    const [refused] = (await Promise.all([ask(), ask(), ask()])).filter(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused?.json()).toEqual({
      requestError: { serviceException: { messageId: 'TOO_MANY_REQUESTS', text: 'Too many requests' } },
    });
    await expect.poll(async () => (await ask()).status, { timeout: 10_000, interval: 500 }).toBe(200);
    await other.close();
  });

  it('the rate is off unless it is asked for', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => test.call('GET', `${URL}?size=1`)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
  });
});
