// The product's interface for inbound configurations, answer by answer as it is documented.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestGateway, type TestGateway } from './support/running-gateway.js';

const URL = '/resource-management/1/inbound-message-configurations';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

let used = 10_000;
const aNumber = (): string => String((used += 1));

interface Configuration {
  readonly configurationKey: string;
  readonly [name: string]: unknown;
}

async function configure(body: object, headers: Record<string, string> = {}): Promise<Configuration> {
  const answer = await test.call('POST', URL, body, headers);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Configuration;
}

async function list(query: Record<string, string>): Promise<Configuration[]> {
  const answer = await test.call('GET', `${URL}?${new URLSearchParams(query)}`);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Configuration[];
}

async function mistakes(body: unknown): Promise<Record<string, string[]>> {
  const answer = await test.call('POST', URL, body);
  expect(answer.status).toBe(400);
  const { requestError } = (await answer.json()) as {
    requestError: { serviceException: { messageId: string; validationErrors: Record<string, string[]> } };
  };
  expect(requestError.serviceException.messageId).toBe('BAD_REQUEST');
  return requestError.serviceException.validationErrors;
}

const FULL = {
  keyword: 'nomore',
  username: 'crm',
  platform: { applicationId: 'shop' },
  forwarding: { type: 'HTTP_FORWARD', url: 'https://crm.example.com/mo' },
  autoResponse: {
    message: 'Goodbye.',
    sender: 'ACME',
    deliveryTimeWindow: { from: '08:35', to: '16:35', days: ['MONDAY', 'TUESDAY'] },
  },
  blockListConfiguration: { type: 'BLOCK', level: 'FROM_SENDER' },
};

describe('an inbound configuration', () => {
  it('is made, answered with everything but its number, listed and removed', async () => {
    const number = aNumber();
    const made = await configure({ ...FULL, channel: 'SMS', number });
    expect(made).toEqual({
      ...FULL,
      channel: 'SMS',
      configurationKey: expect.stringMatching(/^[0-9A-F]{32}$/),
      keyword: 'NOMORE',
      forwarding: { ...FULL.forwarding, format: 'MO_JSON_2' },
      autoResponse: {
        ...FULL.autoResponse,
        deliveryTimeWindow: { ...FULL.autoResponse.deliveryTimeWindow, deliveryTimeZone: 'USER_TIME_ZONE' },
      },
    });
    expect(await list({ channel: 'SMS', number })).toEqual([made]);
    expect(await list({ channel: 'SMS', number, keyword: 'NoMore' })).toEqual([made]);
    expect(await list({ channel: 'SMS', number, keyword: 'other' })).toEqual([]);
    expect(await list({ channel: 'SMS', configurationKey: made.configurationKey })).toEqual([made]);
    expect(await list({ channel: 'MMS', number })).toEqual([]);

    const removed = await test.call('DELETE', `${URL}/${made.configurationKey}`);
    expect([removed.status, await removed.text()]).toEqual([204, '']);
    expect(await list({ channel: 'SMS', number })).toEqual([]);
    expect((await test.call('DELETE', `${URL}/${made.configurationKey}`)).status).toBe(404);
  });

  it('is changed in place: what is absent stays, what is unset goes first', async () => {
    const number = aNumber();
    const made = await configure({ ...FULL, channel: 'SMS', number });
    const kept = await configure({ channel: 'SMS', number: `+${number}`, keyword: 'NOMORE', username: 'other' });
    expect(kept).toEqual({ ...made, username: 'other' });
    const changed = await configure({
      channel: 'SMS',
      number,
      keyword: 'NOMORE',
      unset: ['AUTORESPONSE', 'FORWARDING', 'BLOCKLISTCONFIGURATION', 'PLATFORM'],
      autoResponse: { message: 'New words.' },
    });
    expect(changed).toEqual({
      configurationKey: made.configurationKey,
      channel: 'SMS',
      keyword: 'NOMORE',
      username: 'other',
      autoResponse: { message: 'New words.' },
    });
    expect(await list({ channel: 'SMS', number })).toHaveLength(1);
  });

  it.each([{}, { keyword: null }, { keyword: '' }])(
    'without a keyword (%j) is the one catch-all of its number',
    async (word) => {
      const number = aNumber();
      const first = await configure({ channel: 'SMS', number, autoResponse: { message: 'Hello.' } });
      const second = await configure({ channel: 'SMS', number, ...word, autoResponse: { message: 'Hi.' } });
      expect(second.configurationKey).toBe(first.configurationKey);
      expect('keyword' in second).toBe(false);
    },
  );

  it.each([
    ['MMS', 'number', 'MO_MMS_2'],
    ['RCS', 'resource', 'MO_RCS_JSON'],
  ])('is for %s by its %s', async (channel, name, format) => {
    const made = await configure({ ...FULL, channel, [name]: aNumber() });
    expect(made).toMatchObject({ channel, forwarding: { format } });
  });

  it('of Viber has an automatic response but blocks nobody', async () => {
    const { blockListConfiguration, ...rest } = FULL;
    const viber = { ...rest, channel: 'VIBER_BM', resource: 'ACME' };
    expect(await configure(viber)).toMatchObject({ channel: 'VIBER_BM', autoResponse: { message: 'Goodbye.' } });
    expect(await mistakes({ ...viber, blockListConfiguration })).toEqual({
      blockListConfiguration: ['is not available on this channel'],
    });
  });

  it('is one keyword with that of the command line, which leaves what it does not know', async () => {
    const { keywordStore } = await import('../src/storage/keywords.js');
    const number = aNumber();
    const made = await configure({ ...FULL, channel: 'SMS', number });
    const account = await test.storage.accounts.get();
    const name = { channel: 'SMS', sender: number, keyword: 'NOMORE' } as const;
    await keywordStore(test.storage.db).set(account, { ...name, action: 'UNBLOCK', autoResponse: 'Back.' });
    expect(await list({ channel: 'SMS', number })).toEqual([
      {
        ...made,
        autoResponse: { message: 'Back.' },
        blockListConfiguration: { type: 'UNBLOCK', level: 'FROM_ANY_SENDER' },
      },
    ]);
  });

  it('keeps every one of many changes at once', async () => {
    const number = aNumber();
    const parts = Object.entries(FULL).filter(([name]) => name !== 'keyword');
    await Promise.all(
      parts.map(([name, value]) => configure({ channel: 'SMS', number, keyword: 'nomore', [name]: value })),
    );
    expect(await list({ channel: 'SMS', number })).toMatchObject([
      { username: 'crm', platform: { applicationId: 'shop' }, autoResponse: { message: 'Goodbye.' } },
    ]);
    expect(Object.keys((await list({ channel: 'SMS', number }))[0] ?? {})).toHaveLength(8);
  });
});

describe('what cannot be is refused, every mistake named', () => {
  it.each<[string, object, Record<string, string[]>]>([
    ['an unknown channel', { channel: 'FAX' }, { channel: ['unsupported channel'] }],
    ['no number', { number: undefined }, { number: ['must not be null'] }],
    [
      'a half blocking action',
      { blockListConfiguration: { type: 'BLOCK' } },
      { 'blockListConfiguration.level': ['unsupported level'] },
    ],
    ['another forwarding', { forwarding: { type: 'PULL' } }, { 'forwarding.type': ['unsupported forwarding type'] }],
    [
      'a file to forward to',
      { forwarding: { type: 'HTTP_FORWARD', url: 'file:///etc/passwd' } },
      { 'forwarding.url': ['must be an http or https URL'] },
    ],
    [
      'a secret in a URL',
      { forwarding: { type: 'HTTP_FORWARD', url: 'https://a:b@example.com' } },
      { 'forwarding.url': ['must be an http or https URL'] },
    ],
    ['an unknown option', { unset: ['EVERYTHING'] }, { 'unset[0]': ['unsupported option'] }],
    [
      'hours that are none',
      { autoResponse: { message: 'x', deliveryTimeWindow: { from: '25:00', to: '25:00', days: ['MONDAY'] } } },
      {
        'autoResponse.deliveryTimeWindow.from': ['must be a time such as 08:35'],
        'autoResponse.deliveryTimeWindow.to': ['must be a time such as 16:35', 'must differ from `from`'],
      },
    ],
    [
      'what is done elsewhere',
      { conversations: { enabled: true } },
      { 'conversations.enabled': ['is not offered here'] },
    ],
  ])('%s', async (_name, change, expected) => {
    const found = await mistakes({ channel: 'SMS', number: '10950', ...change });
    for (const [path, messages] of Object.entries(expected))
      expect({ [path]: found[path] }).toEqual({ [path]: messages });
  });

  it('a keyword or answer that is too long', async () => {
    const found = await mistakes({
      channel: 'SMS',
      number: '10950',
      keyword: 'x'.repeat(51),
      autoResponse: { message: 'y'.repeat(1_081) },
    });
    expect(Object.keys(found).sort()).toEqual(['autoResponse.message', 'keyword']);
  });

  it('who has no key, or one that may only look', async () => {
    expect((await test.call('POST', URL, {}, { authorization: 'App nobody' })).status).toBe(401);
    const viewer = (await (await test.call('POST', '/api/v1/keys', { name: 'v', role: 'viewer' })).json()) as {
      key: string;
    };
    const headers = { authorization: `App ${viewer.key}` };
    expect((await test.call('GET', `${URL}?channel=SMS&number=1`, undefined, headers)).status).toBe(200);
    expect((await test.call('POST', URL, { channel: 'SMS', number: '1' }, headers)).status).toBe(403);
    expect((await test.call('DELETE', `${URL}/1`, undefined, headers)).status).toBe(403);
  });

  it('another account’s configuration is unknown', async () => {
    const { accountKey } = (await (await test.call('POST', '/api/v1/accounts', {})).json()) as { accountKey: string };
    const editor = (await (
      await test.call('POST', '/api/v1/keys', { name: 'e', role: 'editor', accountKey })
    ).json()) as { key: string };
    const headers = { authorization: `App ${editor.key}` };
    const number = aNumber();
    const made = await configure({ channel: 'SMS', number, autoResponse: { message: 'Hello.' } });
    const seen = await test.call(
      'GET',
      `${URL}?channel=SMS&configurationKey=${made.configurationKey}`,
      undefined,
      headers,
    );
    expect(await seen.json()).toEqual([]);
    expect((await test.call('DELETE', `${URL}/${made.configurationKey}`, undefined, headers)).status).toBe(404);
    // The root account may remove what the account below it has set up.
    const below = await configure({ channel: 'SMS', number, autoResponse: { message: 'Below.' } }, headers);
    expect((await test.call('DELETE', `${URL}/${below.configurationKey}`)).status).toBe(204);
  });
});
