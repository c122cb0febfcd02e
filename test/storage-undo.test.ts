// Taking back a press of an opt-out link: exactly what this press did, and only while nothing has come since.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dayNumber, signOptOutLink, type OptOutLink } from '../src/domain/opt-out-link.js';
import { pressOptOutLink, readLink, undoPress, UNDO_WITHIN_SECONDS } from '../src/storage/opt-out-links.js';
import { only, openWorld, type World } from './race/world.js';
import { createTestDatabase, type TestDatabase } from './support/servers.js';

const KEYS = [randomBytes(32)];
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

/** Seconds from now; links are pressed in the past, so that nobody's clock matters. */
const at = (seconds: number): Date => new Date(Date.now() + seconds * 1000);

async function aMessage({
  level = 'FROM_ANY_SENDER',
  ageInDays = 0,
}: { level?: OptOutLink['level']; ageInDays?: number } = {}) {
  const { root } = await world.tree();
  const contactId = await world.phone(root);
  const streamId = await world.stream(root);
  const { id: permitId } = only(await world.claim(streamId, [contactId]));
  const token = signOptOutLink(KEYS[0]!, {
    permitId,
    contactId,
    accountId: root.id,
    channel: 'SMS',
    senderId: streamId,
    level,
    issuedDay: dayNumber(new Date()) - ageInDays,
  });
  return {
    root,
    contactId,
    streamId,
    press: (when: Date) => pressOptOutLink(world.storage, KEYS, token, when),
    undo: (when: Date) => undoPress(world.storage.db, KEYS, token, when, { by: 'page' }),
    facts: (when: Date) => readLink(world.storage.db, KEYS, token, when),
    next: async () => only(await world.claim(streamId, [contactId])).state,
    entries: async () =>
      (await world.storage.db.query('select id from blocklist_entries where contact_id = $1', [contactId])).rows.length,
  };
}

describe('Undo of a press', () => {
  test('lifts the entry it made, is in the ledger as the person’s own, and what was stopped stays stopped', async () => {
    const message = await aMessage();
    await message.press(at(-60));
    expect(await message.next()).toBe('blocked');
    const undone = await message.undo(at(-30));
    expect(undone.kind).toBe('undone');
    expect(await message.next()).toBe('claimed');
    const line = await world.storage.db.query(
      `select kind, effect, source, actor, evidence ->> 'by' as by, evidence ? 'undo' as undo, confidence
       from blocklist_events where id = $1`,
      [undone.kind === 'undone' ? undone.eventId : null],
    );
    expect(line.rows).toEqual([
      {
        kind: 'UNBLOCK',
        effect: 'removed',
        source: 'URL_OPT_OUT',
        actor: 'person',
        by: 'URL_OPT_OUT',
        undo: true,
        confidence: 'exact',
      },
    ]);
    const states = await world.storage.db.query<{ state: string }>('select state from sends where contact_id = $1', [
      message.contactId,
    ]);
    expect(states.rows.map(({ state }) => state).sort()).toEqual(['blocked', 'claimed', 'revoked']);
  });

  test('asked for twice, also at the same moment, is written once and answered alike', async () => {
    const message = await aMessage();
    await message.press(at(-60));
    const answers = await Promise.all([1, 2, 3, 4].map(() => message.undo(at(-30))));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.kind).toBe('undone');
  });

  test('a tie blocks, and so does a clock that runs behind', async () => {
    const message = await aMessage();
    const pressedAt = at(-60);
    await message.press(pressedAt);
    expect(await message.undo(pressedAt)).toEqual({ kind: 'superseded' });
    expect(await message.undo(new Date(pressedAt.getTime() - 1))).toEqual({ kind: 'superseded' });
    expect(await message.entries()).toBe(1);
  });

  test.each([
    ['another press', (m: Message) => m.press(at(-40))],
    ['an operator’s opt-out', (m: Message) => world.optOut(m.root, m.contactId)],
    [
      'a reply that nobody has read yet',
      (m: Message) => world.receive(m.contactId, { text: 'STOP', accountKey: m.root.key }),
    ],
  ])('is refused after %s', async (_what, since) => {
    const message = await aMessage();
    await message.press(at(-60));
    await since(message);
    expect(await message.undo(at(-30))).toEqual({ kind: 'superseded' });
    expect(await message.next()).toBe('blocked');
  });

  test('a person who was out before pressing is not let in by taking the press back', async () => {
    const message = await aMessage();
    await message.press(at(-90));
    await message.undo(at(-80));
    await world.optOut(message.root, message.contactId, { source: 'URL_OPT_OUT', receivedAt: at(-70) });
    await message.press(at(-60));
    expect(await message.undo(at(-30))).toEqual({ kind: 'superseded' });
    expect(await message.next()).toBe('blocked');
  });

  test('comes too late after some minutes, and never from an expired, forged or unpressed link', async () => {
    const [late, old, unpressed] = [await aMessage(), await aMessage({ ageInDays: 500 }), await aMessage()];
    await late.press(at(-UNDO_WITHIN_SECONDS - 2));
    expect(await late.undo(at(-1))).toEqual({ kind: 'tooLate' });
    await old.press(at(-60));
    expect(await old.undo(at(-30))).toEqual({ kind: 'expired' });
    expect(await unpressed.undo(at(-30))).toEqual({ kind: 'nothing' });
    expect(await undoPress(world.storage.db, KEYS, 'A'.repeat(76), new Date())).toMatchObject({
      kind: 'unknownVersion',
    });
  });

  test('and a press or a STOP at the same moment: whoever comes last by the lock, a later wish to leave stands', async () => {
    for (let i = 0; i < 40; i += 1) {
      const message = await aMessage();
      await message.press(at(-60));
      const again =
        i % 2 === 0
          ? message.press(at(-20))
          : world.optOut(message.root, message.contactId, { source: 'MO', receivedAt: at(-20) });
      const [undone] = await Promise.all([message.undo(at(-30)), again]);
      expect(await message.next()).toBe('blocked');
      expect(['undone', 'superseded']).toContain(undone.kind);
    }
  });

  test('and a claim at the same moment: permitted only if the entry is gone', async () => {
    for (let i = 0; i < 40; i += 1) {
      const message = await aMessage();
      await message.press(at(-60));
      const [undone, state] = await Promise.all([message.undo(at(-30)), message.next()]);
      expect(undone.kind).toBe('undone');
      expect(['claimed', 'blocked']).toContain(state);
      expect(await message.next()).toBe('claimed');
    }
  });
});

describe('What a link knows', () => {
  test('is whether the person has left, and until when that can be taken back', async () => {
    const message = await aMessage();
    expect(await message.facts(new Date())).toEqual({
      channel: 'SMS',
      sender: '10950',
      expired: false,
      hasLeft: false,
      hasLeftSender: false,
      mayChoose: false,
    });
    const pressedAt = at(-60);
    await message.press(pressedAt);
    expect(await message.facts(new Date())).toMatchObject({
      hasLeft: true,
      undoUntil: new Date(pressedAt.getTime() + UNDO_WITHIN_SECONDS * 1000),
    });
    expect(await message.facts(at(UNDO_WITHIN_SECONDS))).not.toHaveProperty('undoUntil');
    await message.undo(at(-30));
    expect(await message.facts(new Date())).toEqual({
      channel: 'SMS',
      sender: '10950',
      expired: false,
      hasLeft: false,
      hasLeftSender: false,
      mayChoose: false,
    });
  });

  test('of one sender is not told apart by what other senders may no longer do', async () => {
    const message = await aMessage({ level: 'FROM_SENDER' });
    await world.optOut(message.root, message.contactId, { source: 'MO', channel: 'SMS', sender: 'Acme' });
    expect(await message.facts(new Date())).toMatchObject({ hasLeft: false });
    await world.optOut(message.root, message.contactId, { source: 'MO', channel: 'SMS', sender: '+10950' });
    expect(await message.facts(new Date())).toMatchObject({ hasLeft: true });
  });
});

type Message = Awaited<ReturnType<typeof aMessage>>;
