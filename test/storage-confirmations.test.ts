// Which opt-outs by reply are confirmed: the change itself, once, while it is true, and not for ever.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfirmable } from '../src/storage/confirmations.js';
import type { Account } from '../src/storage/accounts.js';
import { only, openWorld, type World } from './race/world.js';
import { createTestDatabase, type TestDatabase } from './support/servers.js';

let database: TestDatabase;
let world: World;

beforeAll(async () => {
  database = await createTestDatabase({ migrated: true });
  world = await openWorld(database.url);
});

afterAll(async () => {
  await world.storage.close();
  await database.drop();
});

/** An opt-out by reply; its event. */
async function stop(account: Account, contactId: string): Promise<string> {
  const messageId = randomUUID();
  await world.receive(contactId, { messageId, text: 'STOP', accountKey: account.key });
  const inbox = await world.storage.db.query<{ id: string }>('select id from inbox where message_id = $1', [messageId]);
  const inboxId = only(inbox.rows).id;
  const change = { accountId: account.id, contactId, receivedAt: new Date(), actor: 'person', inboxId };
  const [written] = await world.storage.optOuts.optOut([{ ...change, source: 'MO' }]);
  return written?.eventId ?? '';
}

const start = (account: Account, contactId: string) =>
  world.storage.optOuts.optIn([
    {
      accountId: account.id,
      contactId,
      receivedAt: new Date(Date.now() + 1),
      actor: 'person',
      source: 'MO',
      sources: ['MO'],
    },
  ]);

describe('A confirmation', () => {
  test('is due for an opt-out by reply, but not once the person has returned or somebody else has listed him', async () => {
    const { root } = await world.tree();
    const [plain, returned, listed] = [await world.phone(root), await world.phone(root), await world.phone(root)];
    const events = [await stop(root, plain), await stop(root, returned), await stop(root, listed)];
    await start(root, returned);
    await world.optOut(root, listed);
    const due = await Promise.all(events.map((id) => readConfirmable(world.storage.db, id)));
    expect(due.map((one) => one?.contactId)).toEqual([plain, undefined, undefined]);
  });

  test('is sent a few times a day at most: robots answer robots', async () => {
    const { root } = await world.tree();
    const contactId = await world.phone(root);
    const stream = await world.stream(root, { kind: 'confirmation', purpose: 'SERVICE' });
    const due: boolean[] = [];
    for (let i = 0; i < 5; i += 1) {
      const eventId = await stop(root, contactId);
      const confirmable = await readConfirmable(world.storage.db, eventId);
      due.push(confirmable !== undefined);
      if (confirmable !== undefined) await world.claim(stream, [contactId]);
      // Asked again after its own claim, the answer is the same.
      expect((await readConfirmable(world.storage.db, eventId)) !== undefined).toBe(due.at(-1));
      await start(root, contactId);
    }
    expect(due).toEqual([true, true, true, false, false]);
  });
});
