// Requests that are HTTP, but not what anybody should send: bodies, paths, headers and values of many kinds of wrong.
import type { Random } from './random.js';

export interface HostileRequest {
  readonly kind: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface Secrets {
  readonly apiKey: string;
  readonly webhookSecret: string;
}

const BODIES_TO = [
  ['POST', '/platform/1/blocklists'],
  ['DELETE', '/platform/1/blocklists'],
  ['POST', '/inbound/sandbox/sms'],
  ['POST', '/inbound/infobip/sms'],
  ['POST', '/inbound/sandbox/reports'],
  ['POST', '/api/v1/broadcasts'],
  ['POST', '/api/v1/keys'],
  ['POST', '/api/v1/accounts'],
  ['POST', '/codec/decode'],
  ['POST', '/u/x'],
] as const;
const GETS = [
  '/platform/1/blocklists',
  '/api/v1/why/385911234567',
  '/api/v1/campaigns/x/report',
  '/api/v1/keys',
  '/u/x',
  '/docs/json',
  '/',
];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  '\u0000',
  '\ud800',
  '\udfff\ud800',
  '385911234567',
  '9'.repeat(400),
  'x'.repeat(5_000),
  'é'.repeat(300),
  '\u202e\u200b',
  "'; drop table accounts; --",
  '${jndi:ldap://x}',
  '../../etc/passwd',
  [],
  {},
  [[[[[]]]]],
  { toString: 1, valueOf: 1, length: -1 },
  '2026-02-30T25:61:61Z',
  'A'.repeat(32),
];
const NAMES = ['to', 'sender', 'channel', 'accountKey', 'destinations', 'blocklist', 'results', 'from', 'text', 'role'];
const NAMES_OF_TRAPS = ['__proto__', 'constructor', 'prototype', 'toString', '\u0000', '', 'hasOwnProperty'];

type Maker = (random: Random, secrets: Secrets) => Omit<HostileRequest, 'kind'>;

/** By kind; every kind comes equally often. */
const MAKERS: Readonly<Record<string, Maker>> = {
  'wrong values in the right places': (random, secrets) => post(random, secrets, json(wrongBody(random))),
  'values of any shape': (random, secrets) => post(random, secrets, json(anyValue(random, 4))),
  'keys that reach for prototypes': (random, secrets) =>
    post(
      random,
      secrets,
      `{"__proto__":{"role":"administrator"},"constructor":{"prototype":{"x":1}},"blocklist":[{"__proto__":[]}]}`,
    ),
  'text that cannot be stored': (random, secrets) =>
    post(
      random,
      secrets,
      `{"blocklist":[{"destinations":[{"to":"${random.pick(TEXTS)}"}],"sender":"${random.pick(TEXTS)}"}],"results":[{"from":"385911234567","to":"1","text":"${random.pick(TEXTS)}","messageId":"${random.pick(TEXTS)}"}],"name":"${random.pick(TEXTS)}"}`,
    ),
  'JSON nested without end': (random, secrets) => {
    const depth = 1 + random.below(20_000);
    return post(
      random,
      secrets,
      random.pick(['['.repeat(depth), '{"a":'.repeat(depth), `${'['.repeat(depth)}${']'.repeat(depth)}`]),
    );
  },
  'JSON cut off': (random, secrets) => {
    const text = json(wrongBody(random));
    return post(random, secrets, text.slice(0, random.below(text.length)));
  },
  'numbers that are none': (random, secrets) =>
    post(random, secrets, random.pick(['1e999', '-0', 'NaN', '0x10', `1${'0'.repeat(5_000)}`, '01'])),
  'bytes that are no UTF-8': (random, secrets) =>
    post(
      random,
      secrets,
      Buffer.concat([Buffer.from('{"blocklist":"'), random.bytes(1 + random.below(60)), Buffer.from('"}')]),
    ),
  'random bytes': (random, secrets) => post(random, secrets, random.bytes(random.below(400))),
  'another content type': (random, secrets) => {
    const made = post(random, secrets, json(wrongBody(random)));
    const type = random.pick([
      'text/plain',
      'application/xml',
      'multipart/form-data; boundary=',
      'application/json; charset=utf-16',
      'application/x-www-form-urlencoded',
      'text/csv',
      'application/x-ndjson',
      'x',
      '/',
      'application/json,text/csv',
    ]);
    return { ...made, headers: { ...made.headers, 'content-type': type } };
  },
  'another method': (random, secrets) => ({
    method: random.pick(METHODS),
    path: random.pick(GETS),
    headers: keyed(secrets),
  }),
  'broken paths': (random, secrets) => ({
    method: 'GET',
    path:
      random.pick([
        '/api/v1/why/',
        '/api/v1/campaigns/',
        '/u/',
        '/api/v1/broadcasts/',
        '/api/v1/keys/',
        '/docs/',
        '/',
      ]) +
      random.pick([
        '%',
        '%00',
        '%ff',
        '%E0%A4%A',
        '..%2f..%2fetc',
        '%2e%2e/',
        'x'.repeat(4_000),
        '%F0%9F%92%A9',
        ';x=1',
        '//',
        '%0d%0aset-cookie:x',
        '9'.repeat(300),
        '-1',
        '1e9',
      ]),
    headers: keyed(secrets),
  }),
  'broken queries': (random, secrets) => {
    const names = [
      'page',
      'size',
      'channel',
      'destination',
      'sender',
      'campaign',
      'createdDateFrom',
      'createdDateTo',
      'accountKey',
      'messages',
      'at',
      '__proto__',
      'getAllAccountKeysBlocklists',
    ];
    const pairs = Array.from(
      { length: 1 + random.below(5) },
      () => `${random.pick(names)}=${random.pick(QUERY_VALUES)}`,
    );
    return { method: 'GET', path: `${random.pick(GETS)}?${pairs.join('&')}`, headers: keyed(secrets) };
  },
  'keys that open nothing': (random) => ({
    method: random.pick(['GET', 'POST']),
    path: random.pick(['/platform/1/blocklists', '/api/v1/keys', '/inbound/sandbox/sms', '/codec/decode']),
    headers: {
      'x-forwarded-for': '203.0.113.9',
      authorization: random.pick([
        '',
        'App',
        'App ',
        'Basic ====',
        `Basic ${'A'.repeat(3_000)}`,
        `App blk_${'0'.repeat(12)}_${'A'.repeat(43)}`,
        'Bearer \u00ff',
        `App ${'x'.repeat(5_000)}`,
        'Digest x',
      ]),
      'x-webhook-secret': random.pick(['', 'x', 'x'.repeat(9_000)]),
    },
  }),
  'many headers': (random, secrets) => ({
    method: 'GET',
    path: random.pick(GETS),
    headers: {
      ...keyed(secrets),
      ...Object.fromEntries(
        Array.from({ length: random.below(90) }, (_, n) => [`x-${n}`, 'y'.repeat(random.below(120))]),
      ),
    },
  }),
};

const TEXTS = ['\\u0000', 'x\\u0000y', '\\ud800', '\\udc00\\ud800', '\\uffff', '\\u202e', '\\n\\r\\t', '<script>'];
const QUERY_VALUES = [
  '',
  '%00',
  '%ff',
  '-1',
  '1e30',
  '9'.repeat(40),
  'NaN',
  '%ED%A0%80',
  'x'.repeat(300),
  'SMS',
  '0000-00-00',
  '9999-12-31T23:59:59%2B23:59',
  '0001-01-01',
  '[]',
  'true',
];

const KINDS = Object.keys(MAKERS);

export function hostileRequest(random: Random, secrets: Secrets): HostileRequest {
  const kind = random.pick(KINDS);
  return { kind, ...(MAKERS[kind] as Maker)(random, secrets) };
}

function post(random: Random, secrets: Secrets, body: string | Buffer): Omit<HostileRequest, 'kind'> {
  const [method, path] = random.pick(BODIES_TO);
  return { method, path, headers: { ...keyed(secrets), 'content-type': 'application/json' }, body: Buffer.from(body) };
}

const keyed = ({ apiKey, webhookSecret }: Secrets): Record<string, string> => ({
  authorization: `App ${apiKey}`,
  'x-webhook-secret': webhookSecret,
});

/** Lone surrogates are written as escapes, as a program that does not know better writes them. */
const json = (value: unknown): string => JSON.stringify(value) ?? 'null';

function wrongBody(random: Random): unknown {
  const value = () => random.pick(VALUES);
  return random.pick([
    () => ({
      blocklist: [{ destinations: [{ to: value() }, value()], sender: value(), channel: value(), accountKey: value() }],
    }),
    () => ({ blocklist: value() }),
    () => ({
      results: [
        { messageId: value(), from: value(), to: value(), text: value(), channel: value(), receivedAt: value() },
        value(),
      ],
    }),
    () => ({ results: [{ messageId: value(), status: value(), doneAt: value() }] }),
    () => ({ name: value(), role: value(), accountKey: value(), parentKey: value() }),
    () => ({ payloads: [{ metadata: { encoding: value() }, data: value() }] }),
    () => ({
      channel: 'SMS',
      sender: value(),
      text: value(),
      campaignReference: value(),
      destinations: value(),
      accountKey: value(),
    }),
  ])();
}

function anyValue(random: Random, depth: number): unknown {
  const kind = depth === 0 ? 0 : random.below(4);
  if (kind < 2) return random.pick(VALUES);
  if (kind === 2) return Array.from({ length: random.below(4) }, () => anyValue(random, depth - 1));
  const names = Array.from({ length: random.below(5) }, () =>
    random.pick(random.next() < 0.8 ? NAMES : NAMES_OF_TRAPS),
  );
  return Object.fromEntries(names.map((name) => [name, anyValue(random, depth - 1)]));
}
