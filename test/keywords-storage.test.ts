// Configured keywords: how they are checked and kept, and which of them hold for a reply.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readKeyword } from '../src/domain/replies/keywords.js';
import type { Account } from '../src/storage/accounts.js';
import { keywordStore, type Keywords } from '../src/storage/keywords.js';
import type { Storage } from '../src/storage/storage.js';
import { storageFixture, type StorageFixture } from './support/storage-fixture.js';

let fixture: StorageFixture;
let storage: Storage;
let root: Account;
let keywords: Keywords;

beforeAll(async () => {
  fixture = await storageFixture();
  ({ storage, account: root } = fixture);
  keywords = keywordStore(storage.db);
});
afterAll(() => fixture.close());

let made = 0;
const ownAccount = (): Promise<Account> =>
  storage.accounts.create(`0000000000000000000000000000E0${String((made += 1)).padStart(2, '0')}`, root.key);

describe('configured keywords', () => {
  it('are kept in one spelling and changed in place', async () => {
    const account = await ownAccount();
    const first = await keywords.set(account, {
      channel: 'SMS',
      sender: '10950',
      keyword: '  quit   now! ',
      action: 'BLOCK',
    });
    expect(first).toMatchObject({ keyword: 'QUIT NOW', action: 'BLOCK', level: 'FROM_ANY_SENDER', sender: '10950' });
    const second = await keywords.set(account, {
      channel: 'SMS',
      sender: '+10 950',
      keyword: 'Quit now',
      action: 'BLOCK',
      level: 'FROM_SENDER',
      autoResponse: 'You will hear no more from us.',
    });
    expect(second.id).toBe(first.id);
    expect(await keywords.list(account)).toEqual([second]);
    expect(second).toMatchObject({ level: 'FROM_SENDER', autoResponse: 'You will hear no more from us.' });
  });

  it('are removed by the account that has them alone', async () => {
    const account = await ownAccount();
    const { id } = await keywords.set(account, { keyword: 'NEIN', action: 'BLOCK' });
    expect(await keywords.remove(root, id)).toBe(false);
    expect(await keywords.remove(account, 'everything')).toBe(false);
    expect(await keywords.remove(account, id)).toBe(true);
    expect(await keywords.list(account)).toEqual([]);
  });

  it('that cannot be are refused with everything that is wrong', async () => {
    const account = await ownAccount();
    const absurd = keywords.set(account, {
      keyword: 'x'.repeat(10_000_000),
      level: 'FROM_SENDER',
      autoResponse: 'y'.repeat(1_081),
      channel: 'FAX' as 'SMS',
      sender: ' ',
    });
    await expect(absurd).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      violations: [
        { path: 'channel' },
        { path: 'sender' },
        { path: 'keyword' },
        { path: 'level' },
        { path: 'autoResponse' },
      ],
    });
    expect(await keywords.list(account)).toEqual([]);
  });
});

describe('the rules for a reply', () => {
  it('come from the nearest account first, then the sender, then the channel', async () => {
    const parent = await ownAccount();
    const child = await storage.accounts.create('0000000000000000000000000000EE01', parent.key);
    await keywords.set(parent, { channel: 'SMS', sender: '10950', keyword: 'PARENT', action: 'BLOCK' });
    await keywords.set(child, { keyword: 'ANYWHERE', action: 'BLOCK' });
    await keywords.set(child, { channel: 'SMS', keyword: 'CHANNEL', action: 'BLOCK' });
    await keywords.set(child, { channel: 'SMS', sender: '10950', keyword: 'SENDER', action: 'BLOCK' });
    await keywords.set(child, { channel: 'VIBER', keyword: 'VIBER', action: 'BLOCK' });
    await keywords.set(child, { sender: '10951', keyword: 'OTHER', action: 'BLOCK' });
    const rules = await keywords.keywordsFor(child.ancestors, 'SMS', '10950');
    expect(rules.map((rule) => rule.keyword)).toEqual(['SENDER', 'CHANNEL', 'ANYWHERE', 'PARENT']);
  });

  it('are what the reading of a text takes: a configured word wins, the catch-all comes last', async () => {
    const account = await ownAccount();
    await keywords.set(account, { keyword: 'STOP', action: 'BLOCK', level: 'FROM_SENDER' });
    await keywords.set(account, { action: 'UNBLOCK', level: 'FROM_SENDER', autoResponse: 'Welcome back.' });
    const rules = await keywords.keywordsFor(account.ancestors, 'SMS', '10950');
    expect(readKeyword('Stop please', rules)).toMatchObject({ action: 'BLOCK', level: 'FROM_SENDER' });
    expect(readKeyword('hello', rules)).toMatchObject({ action: 'UNBLOCK', rule: { autoResponse: 'Welcome back.' } });
  });

  it('are remembered for two seconds at most, and never past a change made here', async () => {
    const account = await ownAccount();
    const elsewhere = keywordStore(storage.db);
    const read = (store: Keywords) => store.keywordsFor(account.ancestors, 'SMS', '10950');
    expect(await read(keywords)).toEqual([]);
    expect(await read(elsewhere)).toEqual([]);
    await keywords.set(account, { keyword: 'NON', action: 'BLOCK' });
    expect(await read(keywords)).toHaveLength(1);
    expect(await read(elsewhere)).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 2_050));
    expect(await read(elsewhere)).toHaveLength(1);
  });
});
