// Erasure: nothing that tells who somebody is, or what he wrote, is left anywhere; and nobody writes to him again.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../src/domain/replies/reading.js';
import { handOver } from '../activities/hand-over.js';
import { apiKeyStore } from '../src/storage/api-keys.js';
import { createBroadcast, loadAudience } from '../src/storage/broadcasts.js';
import { eraseSubjects } from '../src/storage/erasure.js';
import { drainShard } from '../src/storage/replies.js';
import { databaseDump } from './support/database-dump.js';
import { leaksIn, type Secret } from './support/leak-search.js';
import { beginDispatch, gatewayEnvironment, startTestGateway, type TestGateway } from './support/running-gateway.js';
import { claim, destination, send } from './support/storage-fixture.js';

const MAIN = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
const PHONE = '385987001234';
const EMAIL = 'zvonimira.erasable@mail.example';
const WORDS = 'my cat is called Mirmulinka';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

const dump = (): Promise<string> => databaseDump(test.storage.db);

let messages = 0;
const reply = (from: string, text: string, channel: 'SMS' | 'EMAIL' = 'SMS') =>
  test.storage.inbox.receive([
    { provider: 'test', messageId: `e${(messages += 1)}`, from, to: '10950', channel, text, receivedAt: new Date() },
  ]);
async function drain(): Promise<void> {
  for (let shard = 0; shard < 64; shard += 1)
    await drainShard(test.storage.db, shard, async () => ({ keywords: [], policy: DEFAULT_POLICY }));
}
const account = () => test.storage.accounts.get();
const erase = async (...people: string[]) =>
  eraseSubjects(test.storage, await account(), people.map(destination), { actor: 'operator:test' });

describe('an erased person', () => {
  it('is found in no table and no log any more, in no form; the hash and the suppression stay', async () => {
    // Everything there can be of him: messages, replies read and unread, opt-outs by word and by hand, a link, a flow,
    // an import, a broadcast, signals on their way.
    const { contactId } = await send(test.storage, { to: PHONE, campaign: 'spring' });
    await send(test.storage, { to: EMAIL, campaign: 'spring', sender: 'news@shop.example' });
    const root = await account();
    await test.storage.flows.register(
      { workflowId: 'flow-1', firstRunId: 'r1' } as Parameters<typeof test.storage.flows.register>[0],
      contactId,
      root.id,
    );
    await reply(PHONE, WORDS);
    await reply(EMAIL, WORDS, 'EMAIL');
    await drain();
    await test.storage.optOuts.optOut([
      {
        accountId: root.id,
        contactId,
        source: 'MO',
        receivedAt: new Date(),
        actor: 'person',
        evidence: { keyword: WORDS.toUpperCase(), reason: `${PHONE} called` },
      },
    ]);
    await reply(PHONE, `${WORDS} again`);
    const csv = await test.call('POST', '/api/v1/imports', `phone\n${PHONE}\n`, { 'content-type': 'text/csv' });
    expect(csv.status).toBe(200);
    const spec = { campaignReference: 'summer', channel: 'SMS', sender: '10950', text: 'Hello' } as const;
    const { broadcastId } = await createBroadcast(test.storage, spec);
    await loadAudience(test.storage, broadcastId, [{ line: 1, destination: PHONE }]);

    const secrets: Secret[] = [
      { kind: 'phone', value: PHONE },
      { kind: 'email', value: EMAIL },
      { kind: 'text', value: WORDS },
    ];
    // The search finds them while they are there.
    expect(
      new Set(leaksIn([{ where: 'dump', text: await dump() }], secrets).map((leak) => leak.split(' ')[1])),
    ).toEqual(new Set([PHONE, EMAIL, WORDS.split(' ')[0]]));

    const file = (await (await test.call('GET', `/api/v1/subjects/${PHONE}`)).json()) as Record<string, unknown[]>;
    expect(file).toMatchObject({ destination: PHONE, contact: { erased: false } });
    for (const part of ['entries', 'events', 'messages', 'replies', 'flows', 'broadcasts', 'imports']) {
      expect(file[part]?.length, part).toBeGreaterThan(0);
    }

    const body = { destinations: [PHONE, EMAIL], reason: 'asked by letter' };
    const erased = await test.call('POST', '/api/v1/subjects/erase', body);
    expect(await erased.json()).toMatchObject({ erased: 2, eventIds: [expect.any(String), expect.any(String)] });

    const evidence = [
      { where: 'dump', text: await dump() },
      { where: 'log', text: test.log() },
    ];
    expect(leaksIn(evidence, secrets)).toEqual([]);

    const after = (await (await test.call('GET', `/api/v1/subjects/${PHONE}`)).json()) as {
      contact: unknown;
      events: { actor: string; evidence: unknown }[];
    };
    expect(after.contact).toMatchObject({ contactId, erased: true });
    expect(after.events.at(-1)).toMatchObject({
      actor: 'api-key:bootstrap',
      evidence: { erasure: true, because: 'asked by letter' },
    });
    const verified = await new Promise((resolve) => {
      const env = { ...gatewayEnvironment(test.config.databaseUrl), PATH: process.env['PATH'] };
      execFile(process.execPath, [MAIN, 'ledger', 'verify'], { env }, (error) => resolve(error?.code ?? 0));
    });
    expect(verified).toBe(0);
  });

  it('stays suppressed when brought back by an import, an audience or himself', async () => {
    await test.call('POST', '/api/v1/imports', `phone\n${PHONE}\n`, { 'content-type': 'text/csv' });
    expect((await claim(test.storage, { to: PHONE, sender: '77777', purpose: 'SERVICE' })).state).toBe('blocked');
    await reply(PHONE, 'START');
    await drain();
    expect((await claim(test.storage, { to: PHONE })).state).toBe('blocked');
    expect((await claim(test.storage, { to: EMAIL })).state).toBe('blocked');
    const kept = await test.storage.db.query('select value from contact_points where value = any ($1)', [
      [PHONE, EMAIL],
    ]);
    expect(kept.rows).toEqual([]);
  });
});

describe('erasure beside sending', () => {
  it('takes back what was permitted, and waits for a provider call that is under way', async () => {
    const [waiting, flying] = ['385987002001', '385987002002'];
    const permitted = await claim(test.storage, { to: waiting });
    const { permitId } = await claim(test.storage, { to: flying });
    const settle = await beginDispatch(test.storage, permitId);
    let erased = false;
    const done = erase(waiting, flying).then(() => (erased = true));
    await expect
      .poll(async () => {
        const found = await test.storage.db.query('select state from sends where id = $1', [permitted.permitId]);
        return found.rows[0]?.['state'] as string;
      })
      .toBe('revoked');
    expect(erased).toBe(false);
    await settle();
    await done;
  });

  it('leaves nothing to hand over: what passes an entry still finds no address', async () => {
    const person = '385987003001';
    const { contactId } = await send(test.storage, { to: person });
    const root = await account();
    const streamId = await test.storage.streams.id({
      accountId: root.id,
      channel: 'SMS',
      sender: '10950',
      kind: 'confirmation',
    } as Parameters<typeof test.storage.streams.id>[0]);
    const permitId = randomUUID();
    const [row] = await test.storage.permits.claim({
      streamId,
      claimant: randomUUID(),
      mayRepeat: true,
      messages: [{ permitId, contactId }],
    });
    expect(row?.state).toBe('claimed');
    await erase(person);
    const never = { refusesDuplicates: true, send: () => Promise.reject(new Error('a provider was called')) };
    const { settled } = await handOver(test.storage.permits, never as unknown as Parameters<typeof handOver>[1], {
      rootId: root.rootId,
      channel: 'SMS',
      sender: '10950',
      purpose: 'MARKETING',
      kind: 'confirmation',
      permitIds: [permitId],
      textOf: () => 'Bye.',
    });
    expect(settled.get(permitId)).toMatchObject({ state: 'failed' });
  });

  it('races with claims, and no message is claimed after it', async () => {
    const people = Array.from({ length: 30 }, (_, n) => String(385_987_100_000 + n));
    await Promise.all(people.map((to) => send(test.storage, { to })));
    await Promise.all([
      erase(...people),
      ...people.map((to) => claim(test.storage, { to, sender: '20950' })),
      ...people.map((to) => reply(to, 'hello there')),
    ]);
    const left = await test.storage.db.query(
      `select s.state, count(*)::integer as count from sends s join contact_points c on c.id = s.contact_id
       where c.value is null
       group by s.state`,
    );
    expect(
      left.rows.map((row) => row['state'] as string).filter((state) => ['claimed', 'held'].includes(state)),
    ).toEqual([]);
  });
});

describe('who may erase', () => {
  it('is an administrator of the root of the tree, and no reason may name the person', async () => {
    const keys = apiKeyStore(test.storage.db);
    const root = await account();
    const below = await test.storage.accounts.create('D'.repeat(32), root.key);
    const as = async (key: string, body: unknown) =>
      (await test.call('POST', '/api/v1/subjects/erase', body, { authorization: `App ${key}` })).status;
    const body = { destinations: ['385987004001'] };
    const make = async (role: 'viewer' | 'editor' | 'administrator', of = root) =>
      (await keys.create(of, { name: 'a test', role }, 'operator:test')).key;
    expect(await as(await make('viewer'), body)).toBe(403);
    expect(await as(await make('editor'), body)).toBe(403);
    expect(await as(await make('administrator', below), body)).toBe(403);
    expect(await as(await make('administrator'), body)).toBe(200);
    const telling = { ...body, reason: 'Mr X, +385 98 700 4001, wrote' };
    expect(await as(await make('administrator'), telling)).toBe(400);
    const file = await test.call('GET', '/api/v1/subjects/385987001234', undefined, {
      authorization: `App ${await make('viewer')}`,
    });
    expect(await file.json()).toMatchObject({ destination: '385*******34' });
  });

  it('leaves the ledger append-only for everything but the words', async () => {
    const change = (set: string) => test.storage.db.query(`update blocklist_events set ${set}`);
    await expect(change(`actor = 'somebody'`)).rejects.toThrow('SQLSTATE 23001');
    await expect(change(`evidence = '{}'`)).rejects.toThrow('SQLSTATE 23001');
    await expect(test.storage.db.query('delete from blocklist_events')).rejects.toThrow('SQLSTATE 23001');
  });
});

describe('blocklist subject', () => {
  const blocklist = (...args: string[]): Promise<{ status: number; stdout: string }> =>
    new Promise((resolve) => {
      const env = { ...gatewayEnvironment(test.config.databaseUrl), PATH: process.env['PATH'] };
      execFile(process.execPath, [MAIN, ...args], { env }, (error, stdout) =>
        resolve({ status: Number(error?.code ?? 0), stdout }),
      );
    });

  it('exports and erases', async () => {
    const person = '385987005001';
    await send(test.storage, { to: person });
    const exported = await blocklist('subject', 'export', `+${person}`, '--json');
    expect(JSON.parse(exported.stdout)).toMatchObject({ destination: person, messages: [{ state: 'sent' }] });
    const erased = await blocklist('subject', 'erase', `+${person}`, '+385987005002', '--actor', 'ana', '--json');
    expect(JSON.parse(erased.stdout)).toMatchObject({ erased: 1, unknown: 1 });
    expect((await claim(test.storage, { to: person })).state).toBe('blocked');
    const again = await blocklist('subject', 'export', `+${person}`, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ contact: { erased: true }, events: [{ actor: 'operator:ana' }] });
  });
});
