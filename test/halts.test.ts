// Halts: what they stop, what they hold, and that nothing they held is lost.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '../src/storage/accounts.js';
import { haltStore, type Halts } from '../src/storage/halts.js';
import type { Storage } from '../src/storage/storage.js';
import { claim, send, storageFixture, type StorageFixture } from './support/storage-fixture.js';

let fixture: StorageFixture;
let storage: Storage;
let root: Account;
let halts: Halts;

/** Each test halts an account of its own, so that their waits of two seconds run side by side. */
let made = 0;
const ownAccount = (): Promise<Account> =>
  storage.accounts.create(`000000000000000000000000000A00${String((made += 1)).padStart(2, '0')}`, root.key);

beforeAll(async () => {
  fixture = await storageFixture();
  ({ storage, account: root } = fixture);
  halts = haltStore(storage.db);
});
afterAll(() => fixture.close());

describe.concurrent('a halt', () => {
  it('holds new messages in its scope and lets all others go', async () => {
    const account = await ownAccount();
    const { halt, isNew } = await halts.halt(
      account,
      { channel: 'SMS', sender: '+10 950' },
      'wrong text',
      'operator:eve',
    );
    expect(isNew).toBe(true);
    expect(halt).toMatchObject({ channel: 'SMS', sender: '+10 950', reason: 'wrong text', accountKey: account.key });
    expect((await claim(storage, { account, to: '385910000001' })).state).toBe('held');
    expect((await claim(storage, { account, to: '385910000001', sender: '10951' })).state).toBe('claimed');
    expect((await claim(storage, { account, to: '385910000001', channel: 'VIBER' })).state).toBe('claimed');
    await halts.resume(account, { channel: 'SMS', sender: '10950' }, 'operator:eve');
    expect((await claim(storage, { account, to: '385910000001' })).state).toBe('claimed');
  });

  it('is acknowledged only when no provider call under an older permit can still start', async () => {
    const account = await ownAccount();
    const { permitId } = await claim(storage, { account, to: '385910000002', channel: 'RCS' });
    const before = performance.now();
    const [fenced] = await storage.permits.fence(root.id, [permitId]);
    expect(fenced?.id).toBe(permitId);
    await halts.halt(account, { channel: 'RCS' }, 'stop', 'operator:eve');
    // The window of that fence, counted from before it was sent.
    expect(performance.now() - before).toBeGreaterThanOrEqual(2_000);
    expect(await storage.permits.fence(root.id, [permitId])).toEqual([]);
    await halts.resume(account, { channel: 'RCS' }, 'operator:eve');
  });

  it('holds what was permitted but not handed over', async () => {
    const account = await ownAccount();
    const { permitId, request } = await claim(storage, { account, to: '385910000003', channel: 'MMS' });
    await halts.halt(account, { channel: 'MMS' }, 'stop', 'operator:eve');
    expect(await storage.permits.fence(root.id, [permitId])).toEqual([]);
    expect(await storage.permits.claim(request)).toMatchObject([
      { state: 'held', holdReason: 'HALT', heldUntil: null },
    ]);
    await halts.resume(account, { channel: 'MMS' }, 'operator:eve');
    expect(await storage.permits.claim(request)).toMatchObject([{ state: 'claimed' }]);
  });

  it('twice is one halt, and covers the accounts below', async () => {
    const account = await ownAccount();
    const child = await storage.accounts.create('00000000000000000000000000000BB1', account.key);
    const first = await halts.halt(account, {}, 'stop', 'operator:eve');
    const second = await halts.halt(account, {}, 'again', 'operator:adam');
    expect(second).toMatchObject({ isNew: false, halt: { id: first.halt.id, reason: 'stop' } });
    expect((await claim(storage, { account: child, to: '385910000004' })).state).toBe('held');
    expect(await halts.active(child)).toMatchObject([{ id: first.halt.id }]);
    expect((await halts.resume(account, { id: first.halt.id }, 'operator:eve')).ended).toHaveLength(1);
    expect(await halts.active(account)).toEqual([]);
  });

  it('that is not there cannot be ended', async () => {
    const account = await ownAccount();
    await expect(halts.resume(account, { channel: 'EMAIL' }, 'operator:eve')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe.concurrent('resuming', () => {
  it('makes what was held due, tells flows, and leaves what another halt covers', async () => {
    const account = await ownAccount();
    const everything = await halts.halt(account, {}, 'stop', 'operator:eve');
    await halts.halt(account, { channel: 'VIBER' }, 'viber too', 'operator:eve');
    const registered = await storage.db.query<{ id: string }>(
      `insert into flow_contacts (workflow_id, contact_id, account_id) values ('win-back-1', 1, $1) returning id`,
      [account.id],
    );
    const flowContactId = registered.rows[0]?.id as string;
    const sms = await claim(storage, { account, to: '385910000005', flowContactId });
    const viber = await claim(storage, { account, to: '385910000005', channel: 'VIBER' });
    expect([sms.state, viber.state]).toEqual(['held', 'held']);

    await halts.resume(account, { id: everything.halt.id }, 'operator:eve');
    const due = await storage.db.query<{ id: string; isDue: boolean }>(
      `select id, held_until <= clock_timestamp() as "isDue" from sends where id = any ($1)`,
      [[sms.permitId, viber.permitId]],
    );
    expect(new Map(due.rows.map((row) => [row.id, row.isDue]))).toEqual(
      new Map([
        [sms.permitId, true],
        [viber.permitId, false],
      ]),
    );
    const signals = await storage.db.query(
      `select payload from outbox where payload ->> 'signal' = 'blocklistReleased'`,
    );
    expect(signals.rows).toEqual([
      {
        payload: {
          workflowId: 'win-back-1',
          flowContact: Number(flowContactId),
          signal: 'blocklistReleased',
          arg: { permitId: sms.permitId },
        },
      },
    ]);
    expect(await storage.permits.claim(sms.request)).toMatchObject([{ state: 'claimed' }]);
    await halts.resume(account, { channel: 'VIBER' }, 'operator:eve');
  });

  it('decides a held message again: who has opted out meanwhile gets nothing', async () => {
    const account = await ownAccount();
    await halts.halt(account, { channel: 'RCS' }, 'stop', 'operator:eve');
    const held = await claim(storage, { account, to: '385910000006', channel: 'RCS' });
    await storage.optOuts.optOut([
      { accountId: account.id, contactId: held.contactId, source: 'MO', receivedAt: new Date(), actor: 'person' },
    ]);
    await halts.resume(account, { channel: 'RCS' }, 'operator:eve');
    expect(await storage.permits.claim(held.request)).toMatchObject([{ state: 'revoked' }]);
    expect((await send(storage, { account, to: '385910000006', channel: 'RCS' })).state).toBe('blocked');
  });
});

describe('a resume', () => {
  it('that was cut short is finished by the sweep', async () => {
    const account = await ownAccount();
    await halts.halt(account, { channel: 'MMS' }, 'stop', 'operator:eve');
    const held = await claim(storage, { account, to: '385910000007', channel: 'MMS' });
    // As if the process had died right after its commit.
    await storage.db.query(
      `update halts set resumed_at = clock_timestamp(), resumed_by = 'x' where resumed_at is null`,
    );
    expect(await halts.releaseResumed()).toBe(1);
    expect(await halts.releaseResumed()).toBe(0);
    expect(await storage.permits.claim(held.request)).toMatchObject([{ state: 'claimed' }]);
  });

  it('gives back more rows than one page holds', async () => {
    const account = await ownAccount();
    await halts.halt(account, { sender: 'bulk' }, 'stop', 'operator:eve');
    const streamId = await storage.streams.id({ accountId: account.id, channel: 'SMS', sender: 'BULK' });
    const claimant = randomUUID();
    const destinations = Array.from({ length: 7_000 }, (_, i) => ({
      kind: 'phone' as const,
      value: `38592${1_000_000 + i}`,
    }));
    const contacts = await storage.contacts.resolve(account.rootId, destinations);
    for (const page of [contacts.slice(0, 4_000), contacts.slice(4_000)]) {
      const messages = page.map((contactId) => ({ permitId: randomUUID(), contactId }));
      await storage.permits.claim({ streamId, claimant, mayRepeat: true, messages });
    }
    expect(await halts.resume(account, { sender: 'Bulk' }, 'operator:eve')).toMatchObject({ released: 7_000 });
  });
});
