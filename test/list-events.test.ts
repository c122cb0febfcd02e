// Changes of the list told to subscribers: the interface, the envelope, and what holds when endpoints and workers fail.
import { createHmac, randomUUID } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventsWorkflowId } from '../src/plugin/temporal-access.js';
import type { Account } from '../src/storage/accounts.js';
import type { Source } from '../src/domain/scope.js';
import { MAIN } from './support/installation.js';
import { openReceiver, type Receiver } from './support/receiver.js';
import { startServedGateway, type ServedGateway } from './support/served-gateway.js';
import { destination, send } from './support/storage-fixture.js';
import { until } from './support/team.js';

const URL = '/subscriptions/1/subscription/BLOCKLIST';

let test: ServedGateway;
let root: Account;
const receivers: Receiver[] = [];

beforeAll(async () => {
  test = await startServedGateway();
  root = await test.storage.accounts.get();
});
afterAll(async () => {
  await test.close();
  for (const receiver of receivers) await receiver.close();
});

interface Told {
  readonly event: string;
  readonly receivedAt: string;
  readonly messageId: string;
  readonly content: { readonly destination: string; readonly sourceType: string } & Record<string, unknown>;
}

const toldIn = (posts: Receiver['accepted']): Told[] =>
  posts.flatMap(({ body }) => (body as { results: Told[] }).results);

async function aReceiver(): Promise<Receiver> {
  const receiver = await openReceiver();
  receivers.push(receiver);
  return receiver;
}

interface SubscribeOptions {
  readonly sources?: readonly Source[];
  readonly events?: readonly string[];
  readonly security?: object;
  readonly most?: number;
  readonly headers?: Record<string, string>;
}

/** Subscribed until the end of the test file, or until `end` is called. */
async function subscribe(url: string, options: SubscribeOptions = {}) {
  const subscriptionId = `s-${randomUUID()}`;
  const body = {
    subscriptionId,
    events: options.events ?? ['BLOCK', 'UNBLOCK'],
    ...(options.sources === undefined ? {} : { sources: options.sources }),
    profile: {
      profileId: 'crm',
      webhook: { notifyUrl: url },
      ...(options.security === undefined ? {} : { security: options.security }),
      ...(options.most === undefined ? {} : { maxBucketSize: options.most }),
    },
  };
  const answer = await test.call('POST', URL, body, options.headers);
  expect(answer.status).toBe(201);
  const found = await test.storage.db.query<{ id: number }>('select id from subscriptions where key = $1', [
    subscriptionId,
  ]);
  const id = found.rows[0]?.id ?? 0;
  return {
    id,
    subscriptionId,
    answer: (await answer.json()) as { signingSecret?: string },
    headers: answer.headers,
    end: async () =>
      expect((await test.call('DELETE', `${URL}/${subscriptionId}`, undefined, options.headers)).status).toBe(200),
    waiting: async () =>
      (await test.storage.db.query('select id from subscription_events where subscription_id = $1', [id])).rows.length,
    phase: async () => {
      const { searchAttributes } = await test.client.workflow.getHandle(eventsWorkflowId(id)).describe();
      return searchAttributes['BlocklistPhase']?.[0];
    },
  };
}

let used = 385_970_000_000;
const aPerson = (): string => String((used += 1));

async function contactOf(person: string): Promise<string> {
  const [id] = await test.storage.contacts.resolve(root.rootId, [destination(person)]);
  return id ?? '';
}

async function change(kind: 'BLOCK' | 'UNBLOCK', person: string, source: Source = 'MO', account = root): Promise<void> {
  const common = {
    accountId: account.id,
    contactId: await contactOf(person),
    source,
    receivedAt: new Date(),
    actor: 'test',
  };
  if (kind === 'BLOCK') await test.storage.optOuts.optOut([common]);
  else await test.storage.optOuts.optIn([{ ...common, sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN'] }]);
}

async function reply(from: string, text: string): Promise<string> {
  const messageId = randomUUID();
  const result = { messageId, from, to: '10950', channel: 'SMS', text, receivedAt: new Date().toISOString() };
  expect((await test.call('POST', '/inbound/sandbox/sms', { results: [result] })).status).toBe(200);
  return messageId;
}

describe('the subscriptions interface', () => {
  it('makes, shows, lists and ends a subscription as documented', async () => {
    const receiver = await aReceiver();
    const security = { authId: 'AUTH-1', type: 'BASIC', credentials: { username: 'u', password: 'p' } };
    const { subscriptionId, answer, headers, end } = await subscribe(receiver.url, { security });
    const ids = { subscriptionId, profile: { profileId: 'crm', security: { authId: 'AUTH-1' } } };
    expect(answer).toEqual({ ...ids, signingSecret: expect.stringMatching(/^[\w-]{43}$/) });
    expect(headers.get('location')).toBe(`${URL}/${subscriptionId}`);
    const shown = { ...ids, events: ['BLOCK', 'UNBLOCK'], sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN'] };
    expect(await (await test.call('GET', `${URL}/${subscriptionId}`)).json()).toEqual(shown);
    const page = (await (await test.call('GET', `${URL}?size=1`)).json()) as { results: unknown[]; paging: object };
    expect(page.results).toEqual([shown]);
    expect(page.paging).toMatchObject({ page: 0, size: 1 });
    await end();
    for (const method of ['GET', 'DELETE']) {
      expect((await test.call(method, `${URL}/${subscriptionId}`)).status).toBe(404);
    }
  });

  it.each<[string, object, string]>([
    ['a name in use', {}, 'subscriptionId'],
    ['a name that would have to be escaped', { subscriptionId: 'a/b' }, 'subscriptionId'],
    ['another event', { subscriptionId: 'x1', events: ['DELIVERY'] }, 'events[0]'],
    ['a filter that we do not have', { subscriptionId: 'x2', criteria: [{ applicationId: 'a' }] }, 'criteria'],
    ['no address', { subscriptionId: 'x3', profile: { profileId: 'p' } }, 'profile.webhook'],
    [
      'an address that is no web address',
      { subscriptionId: 'x4', profile: { profileId: 'p', webhook: { notifyUrl: 'file:///x' } } },
      'profile.webhook.notifyUrl',
    ],
    [
      'HMAC without a secret',
      {
        subscriptionId: 'x5',
        profile: {
          profileId: 'p',
          webhook: { notifyUrl: 'https://example.com' },
          security: { authId: 'a', type: 'HMAC' },
        },
      },
      'profile.security.credentials.secretKey',
    ],
  ])('refuses %s', async (_name, wrong, path) => {
    const receiver = await aReceiver();
    const { subscriptionId, end } = await subscribe(receiver.url);
    const body = {
      subscriptionId,
      events: ['BLOCK'],
      profile: { profileId: 'p', webhook: { notifyUrl: receiver.url } },
      ...wrong,
    };
    const answer = await test.call('POST', URL, body);
    expect(answer.status).toBe(400);
    const { requestError } = (await answer.json()) as {
      requestError: { serviceException: { validationErrors: object } };
    };
    expect(Object.keys(requestError.serviceException.validationErrors)).toEqual([path]);
    await end();
  });

  it('is for administrators', async () => {
    const made = (await (await test.call('POST', '/api/v1/keys', { name: 'e', role: 'editor' })).json()) as {
      key: string;
    };
    const headers = { authorization: `App ${made.key}` };
    expect((await test.call('POST', URL, {}, headers)).status).toBe(403);
    expect((await test.call('DELETE', `${URL}/x`, undefined, headers)).status).toBe(403);
    expect((await test.call('GET', URL, undefined, { authorization: 'App nobody' })).status).toBe(401);
  });
});

describe('a subscriber', () => {
  it('is told of STOP and START in the documented envelope, signed', async () => {
    const receiver = await aReceiver();
    const security = { authId: 'A', type: 'HMAC', credentials: { secretKey: 'shared', algorithm: 'HMAC_SHA_256' } };
    const { answer, end } = await subscribe(receiver.url, { security });
    expect(answer.signingSecret).toBeUndefined();
    const person = aPerson();
    const message = await send(test.storage, { to: person, campaign: 'spring' });
    const stop = await reply(person, 'STOP');
    await until(() => toldIn(receiver.accepted).length === 1, 'the BLOCK');
    const start = await reply(person, 'START');
    await until(() => toldIn(receiver.accepted).length === 2, 'the UNBLOCK');
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/) as string;
    const content = { destination: person, sourceType: 'MO' };
    const outboundMessageReference = { outboundMessageId: message.permitId, sendAt: time };
    const campaignReference = { campaignId: expect.any(Number) as number, campaign: 'spring' };
    const told = (event: string, inboundMessageId: string) => ({
      event,
      receivedAt: time,
      messageId: expect.stringMatching(/^\d+$/) as string,
      content: {
        ...content,
        outboundMessageReference,
        inboundMessageReference: { inboundMessageId },
        campaignReference,
      },
    });
    expect(toldIn(receiver.accepted)).toEqual([told('BLOCK', stop), told('UNBLOCK', start)]);
    for (const { headers, text } of receiver.accepted) {
      const timestamp = String(headers['x-blocklist-timestamp']);
      expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60);
      const expected = createHmac('sha256', 'shared').update(`${timestamp}.${text}`).digest('hex');
      expect(headers['x-blocklist-signature']).toBe(`v1=${expected}`);
    }
    await end();
  });

  it('is told of people and flows, of operators only on request, of the kinds asked for, and never twice', async () => {
    const [plain, everything, blocks] = [await aReceiver(), await aReceiver(), await aReceiver()];
    const subscriptions = [
      await subscribe(plain.url),
      await subscribe(everything.url, { sources: ['MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM'] }),
      await subscribe(blocks.url, { events: ['BLOCK'] }),
    ];
    const person = aPerson();
    await change('BLOCK', person, 'URL_OPT_OUT');
    await change('BLOCK', person, 'URL_OPT_OUT');
    await change('BLOCK', person, 'CUSTOM');
    // An operator takes the person's own entry off the list: he acts as CUSTOM.
    await change('UNBLOCK', person, 'CUSTOM');
    await change('BLOCK', person, 'CAMPAIGN');
    await change('UNBLOCK', person, 'MO');
    await until(() => toldIn(everything.accepted).length >= 5, 'everything');
    const of = (receiver: Receiver) =>
      toldIn(receiver.accepted).map(({ event, content }) => `${event} ${content.sourceType}`);
    await until(() => of(plain).length >= 3 && of(blocks).length >= 2, 'the others');
    expect(of(everything)).toEqual([
      'BLOCK URL_OPT_OUT',
      'BLOCK CUSTOM',
      'UNBLOCK URL_OPT_OUT',
      'BLOCK CAMPAIGN',
      'UNBLOCK CAMPAIGN',
    ]);
    expect(of(plain)).toEqual(['BLOCK URL_OPT_OUT', 'BLOCK CAMPAIGN', 'UNBLOCK CAMPAIGN']);
    expect(of(blocks)).toEqual(['BLOCK URL_OPT_OUT', 'BLOCK CAMPAIGN']);
    for (const { end } of subscriptions) await end();
  });

  it('hears of the accounts below his own, and of none above', async () => {
    const made = await test.call('POST', '/api/v1/accounts', {});
    const { accountKey } = (await made.json()) as { accountKey: string };
    const key = await test.call('POST', '/api/v1/keys', { name: 'a', role: 'administrator', accountKey });
    const headers = { authorization: `App ${((await key.json()) as { key: string }).key}` };
    const [above, below] = [await aReceiver(), await aReceiver()];
    const subscriptions = [await subscribe(above.url), await subscribe(below.url, { headers })];
    const child = await test.storage.accounts.get(accountKey);
    const [one, two] = [aPerson(), aPerson()];
    await change('BLOCK', one, 'MO', root);
    await change('BLOCK', two, 'MO', child);
    const people = (receiver: Receiver) => toldIn(receiver.accepted).map(({ content }) => content.destination);
    await until(() => people(above).length === 2 && people(below).length === 1, 'both');
    expect([people(above), people(below)]).toEqual([[one, two], [two]]);
    for (const { end } of subscriptions) await end();
  });

  it('is told of a change that is committed after later ones were told', async () => {
    const receiver = await aReceiver();
    const { end } = await subscribe(receiver.url);
    const [slow, quick] = [aPerson(), aPerson()];
    const item = {
      n: 0,
      account: root.id,
      contact: await contactOf(slow),
      source: 'MO',
      covers: 'ALL',
      complaint: false,
      receivedAt: new Date(),
      actor: 'test',
    };
    const slowOne = await test.storage.db.connect();
    try {
      await slowOne.query('begin');
      await slowOne.query('select * from blocklist_opt_out($1)', [JSON.stringify([item])]);
      await change('BLOCK', quick);
      await until(() => toldIn(receiver.accepted).length === 1, 'the quick one');
      await slowOne.query('commit');
    } finally {
      slowOne.release();
    }
    await until(() => toldIn(receiver.accepted).length === 2, 'the slow one');
    const told = toldIn(receiver.accepted);
    expect(told.map(({ content }) => content.destination)).toEqual([quick, slow]);
    expect(Number(told[1]?.messageId)).toBeLessThan(Number(told[0]?.messageId));
    await end();
  });

  it('whose endpoint is dead is shown as failing, keeps nobody else waiting, and gets everything when it is back', async () => {
    const [dead, alive] = [await aReceiver(), await aReceiver()];
    dead.answerWith(() => 503);
    const failing = await subscribe(dead.url, { most: 10 });
    const fine = await subscribe(alive.url);
    const people = Array.from({ length: 25 }, aPerson);
    for (const person of people) await change('BLOCK', person);
    await until(() => toldIn(alive.accepted).length === 25, 'the endpoint that lives');
    await until(async () => (await failing.phase()) === 'failing', 'the phase');
    const query = () =>
      test.client.workflow.getHandle(eventsWorkflowId(failing.id)).query<object>('__temporal_workflow_metadata');
    const shown = async (): Promise<string> => JSON.stringify(await query());
    await until(async () => /refused \d+ posts in a row \(HTTP_503\); 25 events wait/.test(await shown()), 'details');
    for (const person of people) expect(await shown()).not.toContain(person);
    expect(await failing.waiting()).toBe(25);
    await until(() => dead.posts.length > 8, 'many attempts');
    dead.answerWith(() => 200);
    await until(() => toldIn(dead.accepted).length === 25, 'what waited');
    expect(toldIn(dead.accepted).map(({ content }) => content.destination)).toEqual(people);
    expect(dead.accepted.map(({ body }) => (body as { results: unknown[] }).results.length)).toEqual([10, 10, 5]);
    await until(async () => (await failing.phase()) === 'idle' && (await failing.waiting()) === 0, 'the rest');
    await failing.end();
    await fine.end();
  });

  it('hears each person’s changes in their order, whatever fails and however often workers stop', async () => {
    const receiver = await aReceiver();
    let posts = 0;
    receiver.answerWith(() => {
      posts += 1;
      return posts % 3 === 0 ? 500 : posts % 7 === 0 ? 404 : 200;
    });
    const { end, waiting } = await subscribe(receiver.url, { most: 7 });
    const people = Array.from({ length: 12 }, aPerson);
    const rounds = 8;
    const writing = Promise.all(
      people.map(async (person) => {
        for (let round = 0; round < rounds; round += 1) await change(round % 2 === 0 ? 'BLOCK' : 'UNBLOCK', person);
      }),
    );
    for (let i = 0; i < 2; i += 1) {
      await test.stopWorkers();
      await test.startWorkers();
    }
    await writing;
    await until(async () => (await waiting()) === 0, 'everything told', 60_000);
    const told = new Map<string, Told>();
    for (const one of toldIn(receiver.accepted)) if (!told.has(one.messageId)) told.set(one.messageId, one);
    for (const person of people) {
      const kinds = [...told.values()]
        .filter(({ content }) => content.destination === person)
        .map(({ event }) => event);
      expect(kinds).toEqual(Array.from({ length: rounds }, (_, round) => (round % 2 === 0 ? 'BLOCK' : 'UNBLOCK')));
    }
    await end();
  });

  it('is told again if the worker died after the post and before it was noted, under the same id', async () => {
    await test.stopWorkers();
    const receiver = await aReceiver();
    const { end } = await subscribe(receiver.url);
    const person = aPerson();
    await change('BLOCK', person);
    const worker = startWorkerProcess();
    receiver.answerWith(() => {
      if (receiver.accepted.length === 0) worker.kill('SIGKILL');
      return 200;
    });
    await once(worker, 'exit');
    expect(receiver.accepted).toHaveLength(1);
    await test.startWorkers();
    await until(() => receiver.accepted.length === 2, 'the second post', 90_000);
    const [first, second] = toldIn(receiver.accepted);
    expect(second).toEqual(first);
    await end();
  }, 120_000);

  it('who has ended his subscription is told nothing more', async () => {
    const receiver = await aReceiver();
    const other = await aReceiver();
    const ended = await subscribe(receiver.url);
    const { end } = await subscribe(other.url);
    await change('BLOCK', aPerson());
    await until(() => receiver.accepted.length === 1, 'the first');
    await ended.end();
    await change('BLOCK', aPerson());
    await until(() => toldIn(other.accepted).length === 2, 'the other subscriber');
    expect(receiver.posts).toHaveLength(1);
    expect(await ended.waiting()).toBe(0);
    await end();
  });
});

function startWorkerProcess(): ChildProcess {
  const env = { ...test.environment, PATH: process.env['PATH'] };
  return spawn(process.execPath, [MAIN, 'worker'], { env, stdio: 'ignore' });
}
