// Presses by machines: they count like any other, are seen as one burst, and can be taken back as one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayNumber, signOptOutLink } from '../src/domain/opt-out-link.js';
import { apiKeyStore } from '../src/storage/api-keys.js';
import { startTestGateway, type TestGateway } from './support/running-gateway.js';
import { claim, send } from './support/storage-fixture.js';

let test: TestGateway;
beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

interface Burst {
  readonly id: string;
  readonly kind: string;
  readonly presses: number;
  readonly lifted: number;
  readonly reversedBy?: string;
}

let people = 0;

async function aLink(settledSecondsAgo = 60) {
  const person = String(385_930_000_000 + ++people);
  const account = await test.storage.accounts.get();
  const { permitId, contactId, request } = await send(test.storage, { to: person, campaign: 'spring' });
  await test.storage.db.query(
    `update sends set settled_at = clock_timestamp() - make_interval(secs => $2) where id = $1`,
    [permitId, settledSecondsAgo],
  );
  const token = signOptOutLink(test.config.linkKeys[0] as Buffer, {
    permitId,
    contactId,
    accountId: account.id,
    channel: 'SMS',
    senderId: request.streamId,
    level: 'FROM_ANY_SENDER',
    issuedDay: dayNumber(new Date()),
  });
  return { person, contactId, path: `/u/${token}` };
}

const links = async (count: number, settledSecondsAgo?: number) => {
  const made = [];
  for (let n = 0; n < count; n += 1) made.push(await aLink(settledSecondsAgo));
  return made;
};

async function press(path: string, userAgent: string, body = ''): Promise<void> {
  const headers = { 'user-agent': userAgent, 'content-type': 'application/x-www-form-urlencoded' };
  expect((await fetch(`${test.gateway.url}${path}`, { method: 'POST', headers, body })).status).toBe(200);
}

async function bursts(): Promise<readonly Burst[]> {
  const answer = await test.call('GET', '/api/v1/link-bursts');
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { bursts: Burst[] }).bursts;
}

const isBlocked = async (person: string): Promise<boolean> =>
  (await claim(test.storage, { to: person })).state === 'blocked';

/** Presses of the tests before must not count: all come from one address. */
const forget = () =>
  test.storage.db.query(`update link_press_origins set pressed_at = pressed_at - interval '1 minute'`);

describe('presses for many people from one address', () => {
  it('count, are one burst, and are lifted together, except where something came since', async () => {
    const pressed = await links(8);
    await Promise.all(pressed.map(({ path }) => press(path, 'LinkScanner/1.0')));
    for (const { person } of pressed) expect(await isBlocked(person)).toBe(true);
    const [burst, ...others] = await bursts();
    expect(others).toEqual([]);
    expect(burst).toMatchObject({ kind: 'ADDRESS', presses: 8, lifted: 0 });

    // One of them presses himself later, another has written something nobody has read yet.
    const [again, writer, ...rest] = pressed as [(typeof pressed)[0], (typeof pressed)[0], ...typeof pressed];
    await forget();
    await press(again.path, 'Mozilla/5.0');
    await test.storage.inbox.receive([
      {
        provider: 'test',
        messageId: 'm1',
        from: writer.person,
        to: '10950',
        channel: 'SMS',
        text: 'hm',
        receivedAt: new Date(),
      },
    ]);
    const reverse = () => test.call('POST', `/api/v1/link-bursts/${burst?.id}/reverse`);
    expect(await (await reverse()).json()).toMatchObject({ lifted: 6, reversedBy: 'api-key:bootstrap' });
    expect(await (await reverse()).json()).toMatchObject({ lifted: 6 });
    for (const { person } of rest) expect(await isBlocked(person)).toBe(false);
    for (const { person } of [again, writer]) expect(await isBlocked(person)).toBe(true);
    const events = await test.storage.db.query(
      `select actor, evidence ->> 'burst' as burst from blocklist_events where effect = 'removed'`,
    );
    expect(events.rows).toEqual(rest.map(() => ({ actor: 'api-key:bootstrap', burst: burst?.id })));
  });

  it('are no burst when they are few, slow, or those of mail programs', async () => {
    const before = (await bursts()).length;
    await forget();
    for (const { path } of await links(4)) await press(path, 'Mozilla/5.0');
    for (const { path } of await links(6)) {
      await forget();
      await press(path, 'Mozilla/5.0');
    }
    for (const { path } of await links(8)) await press(path, 'Mail/1.0', 'List-Unsubscribe=One-Click');
    expect(await bursts()).toHaveLength(before);
  });

  it('keep no address and no user agent, but hashes of them', async () => {
    const kept = await test.storage.db.query(
      'select o::text as text from link_press_origins o union all select b::text from link_bursts b',
    );
    expect(kept.rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(kept.rows)).not.toMatch(/127\.0\.0\.1|LinkScanner|Mozilla/);
  });
});

it('presses within a second of their messages are a burst, wherever they come from', async () => {
  await forget();
  const pressed = await links(5, 0);
  for (const { path, contactId } of pressed) {
    // The message has just been taken by the provider.
    await test.storage.db.query('update sends set settled_at = clock_timestamp() where contact_id = $1', [contactId]);
    await press(path, 'Mozilla/5.0');
    await test.storage.db.query(
      `update link_press_origins set pressed_at = pressed_at - interval '1 minute' where kind = 'ADDRESS'`,
    );
  }
  expect((await bursts())[0]).toMatchObject({ kind: 'INSTANT', presses: 5 });
});

it('a burst of another account tree is as unknown as one that never was, and a viewer reverses none', async () => {
  const { id } = (await bursts())[0] as Burst;
  const stranger = await test.storage.accounts.create('C'.repeat(32));
  const keys = apiKeyStore(test.storage.db);
  const reverse = async (key: string) =>
    (await test.call('POST', `/api/v1/link-bursts/${id}/reverse`, undefined, { authorization: `App ${key}` })).status;
  const editor = await keys.create(stranger, { name: 'a test', role: 'editor' }, 'operator:test');
  const root = await test.storage.accounts.get();
  const viewer = await keys.create(root, { name: 'a test', role: 'viewer' }, 'operator:test');
  expect(await reverse(editor.key)).toBe(404);
  expect(await reverse(viewer.key)).toBe(403);
});
