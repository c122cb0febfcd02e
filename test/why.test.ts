// Why somebody is on the list, or was sent something: the history in plain words, and the proof that it is right.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LIFT_TABLE } from '../src/domain/lifts.js';
import type { Account } from '../src/storage/accounts.js';
import { ledgerStore, type Ledger } from '../src/storage/ledger.js';
import type { OptOut } from '../src/storage/opt-outs.js';
import type { Storage } from '../src/storage/storage.js';
import { claim, destination, send, storageFixture, type StorageFixture } from './support/storage-fixture.js';

let fixture: StorageFixture;
let storage: Storage;
let account: Account;
let ledger: Ledger;

beforeAll(async () => {
  fixture = await storageFixture();
  ({ storage, account } = fixture);
  ledger = ledgerStore(storage.db, storage.contacts);
});
afterAll(() => fixture.close());

async function optOut(to: string, more: Partial<OptOut> = {}): Promise<string> {
  const [contactId] = await storage.contacts.resolve(account.rootId, [destination(to)]);
  const [written] = await storage.optOuts.optOut([
    {
      accountId: account.id,
      contactId: contactId as string,
      source: 'MO',
      receivedAt: new Date(),
      actor: 'person',
      ...more,
    },
  ]);
  return written?.eventId as string;
}

async function start(to: string): Promise<void> {
  const [contactId] = await storage.contacts.resolve(account.rootId, [destination(to)]);
  await storage.optOuts.optIn([
    {
      accountId: account.id,
      contactId: contactId as string,
      source: 'MO',
      sources: LIFT_TABLE.PERSON_KEYWORD.sources,
      receivedAt: new Date(),
      actor: 'person',
    },
  ]);
}

const why = (to: string, options?: Parameters<Ledger['why']>[2]) => ledger.why(account, destination(to), options);

describe('why', () => {
  it('says so when nothing is known', async () => {
    const history = await why('385919999999');
    expect(history).toMatchObject({ entries: [], events: [], messages: [], replies: [] });
    expect(history.contactId).toBeUndefined();
    expect(history.summary).toBe('Nothing was ever sent to, received from or listed for this destination.');
  });

  it('tells the whole story of a person in order, and why each message was or was not sent', async () => {
    const to = '385910000001';
    const campaignId = await storage.streams.campaignId(account.id, 'spring-2027');
    const first = await send(storage, { to, campaign: 'spring-2027' });
    const revoked = await claim(storage, { to, campaign: 'spring-2027' });
    const entryId = await optOut(to, { campaignId, sendId: first.permitId, confidence: 'exact' });
    await optOut(to, { campaignId });
    const blocked = await send(storage, { to, campaign: 'summer-2027' });
    await start(to);
    const again = await send(storage, { to, campaign: 'summer-2027' });

    const history = await why(to);
    expect(history.summary).toBe('Not on the list now.');
    expect(history.events.map((event) => [event.kind, event.effect])).toEqual([
      ['BLOCK', 'added'],
      ['BLOCK', 'already'],
      ['UNBLOCK', 'removed'],
    ]);
    expect(history.events[0]?.inWords).toBe(
      'Listed by the person: no messages on any channel from any sender; the person replied with an opt-out word during ' +
        `campaign spring-2027. It answers message ${first.permitId} (exact).`,
    );
    expect(history.events[2]?.inWords).toBe(`Entry ${entryId} lifted by the person.`);
    expect(history.messages.map((message) => [message.permitId, message.state])).toEqual([
      [first.permitId, 'sent'],
      [revoked.permitId, 'revoked'],
      [blocked.permitId, 'blocked'],
      [again.permitId, 'sent'],
    ]);
    const [, taken, refused] = history.messages;
    expect(taken?.inWords).toMatch(/^Not sent: it was permitted, then taken back at .* before it was handed over: /);
    expect(refused?.inWords).toMatch(
      new RegExp(
        `^Not sent: the person was on the list since .* UTC \\(entry ${entryId}: .* during campaign spring-2027\\)\\.$`,
      ),
    );
    expect(refused?.code?.status).toMatchObject({ groupId: 5, id: 14, name: 'REJECTED_DESTINATION_BLOCKLISTED' });
    expect(refused?.code?.error).toMatchObject({ id: 2052, name: 'EC_BLACKLISTED_DESTINATIONADDRESS' });
    expect(refused?.blockedBy).toMatchObject({
      entryId,
      source: 'MO',
      campaign: 'spring-2027',
      accountKey: account.key,
    });
  });

  it('shows the list as it was at a past time', async () => {
    const to = '385910000002';
    const atStart = new Date();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const entryId = await optOut(to, { source: 'CUSTOM', actor: 'operator:eve', covers: 'MARKETING' });
    await optOut(to, { source: 'CUSTOM', actor: 'operator:eve', covers: 'ALL' });
    await optOut(to);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const listed = new Date();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await start(to);

    expect((await why(to, { at: atStart })).entries).toEqual([]);
    const then = await why(to, { at: listed });
    expect(then.entries.map((entry) => [entry.source, entry.covers])).toEqual([
      ['CUSTOM', 'ALL'],
      ['MO', 'ALL'],
    ]);
    expect(then.entries[0]).toMatchObject({ entryId, accountKey: account.key, complaint: false });
    expect(then.events).toHaveLength(3);
    expect((await why(to)).entries.map((entry) => entry.source)).toEqual(['CUSTOM']);
  });

  it('names the e-mail domain when that is what is listed, also for an address nobody has seen', async () => {
    await optOut('@blocked.example', { source: 'CUSTOM', actor: 'operator:eve', domain: true });
    const stranger = await why('never.seen@blocked.example');
    expect(stranger.contactId).toBeUndefined();
    expect(stranger.entries).toMatchObject([{ domain: true, source: 'CUSTOM' }]);
    const refused = await send(storage, { to: 'ada@blocked.example' });
    const history = await why('ada@blocked.example');
    expect(history.messages).toMatchObject([{ permitId: refused.permitId, state: 'blocked' }]);
    expect(history.messages[0]?.inWords).toMatch(/^Not sent: the e-mail domain was on the list since /);
    expect(history.messages[0]?.code?.error.id).toBe(6003);
  });

  it('shows an account its ancestors and subaccounts, never its siblings', async () => {
    const to = '385910000003';
    const a = await storage.accounts.create('000000000000000000000000000000D1', account.key);
    const b = await storage.accounts.create('000000000000000000000000000000D2', account.key);
    await optOut(to, { accountId: a.id });
    await optOut(to, { accountId: b.id });
    await optOut(to, { accountId: account.id, source: 'CUSTOM', actor: 'operator:eve' });
    await send(storage, { to, account: b, sender: 'other' });
    const seenByA = await ledger.why(a, destination(to));
    expect(seenByA.entries.map((entry) => entry.accountKey)).toEqual([a.key, account.key]);
    expect(seenByA.messages).toEqual([]);
    expect((await ledger.why(account, destination(to))).entries).toHaveLength(3);
  });

  it('says what a message waits for, and what its person has said', async () => {
    const to = '385910000004';
    const sent = await send(storage, { to });
    await storage.inbox.receive([
      {
        provider: 'test',
        messageId: 'why-1',
        from: to,
        to: '10950',
        channel: 'SMS',
        text: 'Who is this?',
        receivedAt: new Date(),
        inReplyTo: sent.permitId,
      },
    ]);
    await send(storage, { to });
    const history = await why(to);
    expect(history.messages.at(-1)?.inWords).toBe('Waiting: a reply of this person has not been read yet.');
    expect(history.replies).toMatchObject([{ text: 'Who is this?', state: 'unread', permitId: sent.permitId }]);
    expect(history.replies[0]?.inWords).toMatch(/^Not read yet: nothing new is sent to this person until it is\./);
  });

  it('shows the newest messages when there are more than asked for', async () => {
    const to = '385910000005';
    const permits = [];
    for (let n = 0; n < 5; n += 1) permits.push((await send(storage, { to })).permitId);
    const history = await why(to, { messages: 2 });
    expect(history.hasMoreMessages).toBe(true);
    expect(history.messages.map((message) => message.permitId)).toEqual(permits.slice(-2));
  });
});

describe('verifying the projection', () => {
  it('finds ledger and list in agreement, whatever happened to them', async () => {
    for (let n = 0; n < 30; n += 1) {
      const to = `38591000${1_000 + n}`;
      await optOut(to, {
        covers: n % 2 === 0 ? 'MARKETING' : 'ALL',
        ...(n % 3 === 0 ? { channel: 'SMS', sender: 'Shop' } : {}),
      });
      if (n % 4 === 0) await optOut(to, { complaint: true });
      if (n % 5 === 0) await start(to);
      if (n % 10 === 0) await optOut(to);
    }
    const verification = await ledger.verifyProjection();
    expect(verification).toMatchObject({ differences: 0, examples: [] });
    expect(verification.events).toBeGreaterThan(40);
    expect(verification.entries).toBeGreaterThan(20);
  });

  it('names every entry that is missing, unexpected or different', async () => {
    const entries: string[] = [];
    for (let n = 0; n < 3; n += 1) entries.push(await optOut(`38592000${1_000 + n}`));
    const [gone, changed, moved] = entries as [string, string, string];
    await storage.db.query('delete from blocklist_entries where id = $1', [gone]);
    await storage.db.query('update blocklist_entries set complaint = true where id = $1', [changed]);
    // An entry of somebody the ledger has never heard of.
    const [stranger] = await storage.contacts.resolve(account.rootId, [destination('385920009999')]);
    await storage.db.query('update blocklist_entries set contact_id = $2 where id = $1', [moved, stranger]);
    const { differences, examples } = await ledger.verifyProjection();
    expect(differences).toBe(4);
    expect(examples).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'missing', id: gone }),
        expect.objectContaining({ kind: 'different', id: changed }),
        expect.objectContaining({ kind: 'missing', id: moved }),
        expect.objectContaining({ kind: 'unexpected', id: moved, contactId: stranger }),
      ]),
    );
  });
});
