// Everything that can be away, away in the middle of the work: every part is a process of its own, killed outright. The
// sandbox's log is the judge.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Installation, type ReplySpec } from './support/installation.js';
import { until } from './support/team.js';

let installation: Installation;
beforeAll(async () => {
  installation = await Installation.open();
});
afterAll(() => installation?.close());

interface Person {
  readonly phone: string;
  readonly contact: { readonly id: string };
  readonly handle: WorkflowHandle;
  /** What the flow writes. */
  readonly letters: readonly string[];
  /** What the person will say; nothing if undefined. */
  readonly says: string | undefined;
}

/** People with a flow each that writes to them; every third says STOP, every third talks. */
async function people(
  name: string,
  first: number,
  { count, letters, pauseMs }: { readonly count: number; readonly letters: number; readonly pauseMs: number },
): Promise<readonly Person[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, n) => {
      const phone = String(first + n);
      const contact = await installation.contact(phone);
      const handle = await installation.start('letters', `${name}-${n}`, [contact, letters, pauseMs]);
      return {
        phone,
        contact,
        handle,
        letters: textsOf(letters),
        says: ['STOP', 'When do you open?', undefined][n % 3],
      };
    }),
  );
}

const lettersTo = ({ phone }: Person) =>
  installation.messages().filter(({ to, kind }) => to === phone && kind === 'message');

const textsTo = (person: Person): readonly string[] => lettersTo(person).map(({ text }) => text);

const textsOf = (letters: number): readonly string[] => Array.from({ length: letters }, (_, n) => `Letter ${n + 1}`);

/** The end of everybody's flow, and the log: nobody twice, nobody after the acknowledgement. */
async function expectRightEnds(persons: readonly Person[], acknowledged: ReadonlyMap<string, string>): Promise<void> {
  for (const person of persons) {
    const result: unknown = await person.handle.result();
    const texts = textsTo(person);
    expect(new Set(texts).size).toBe(texts.length);
    if (person.says === 'STOP') {
      expect(result).toMatchObject({ outcome: 'optedOut', contactId: person.contact.id });
      const at = acknowledged.get(person.phone) ?? '';
      expect(lettersTo(person).filter(({ acceptedAt }) => acceptedAt > at)).toEqual([]);
    } else {
      expect(result).toEqual(person.letters.map(() => 'sent'));
      expect(texts).toEqual(person.letters);
    }
  }
}

/** How often each person's word stands in the ledger, and how many of their replies nobody has read. */
async function readings(persons: readonly Person[]): Promise<{ readonly blocks: number[]; readonly unread: number }> {
  const { db } = installation.storage;
  const ids = persons.map(({ contact }) => contact.id);
  const events = await db.query<{ n: number }>(
    `select count(e.id)::integer as n from unnest($1::bigint[]) with ordinality as c(id, i)
     left join blocklist_events e on e.contact_id = c.id and e.kind = 'BLOCK' and e.source = 'MO'
     group by c.i order by c.i`,
    [ids],
  );
  const unread = await db.query<{ n: number }>(
    `select count(*)::integer as n from inbox where contact_id = any ($1::bigint[]) and state <> 'read'`,
    [ids],
  );
  return { blocks: events.rows.map(({ n }) => n), unread: unread.rows[0]?.n ?? -1 };
}

const replyOf = ({ phone, says }: Person): ReplySpec => ({ from: phone, text: says ?? '', messageId: randomUUID() });

async function readyz(service: 'gateway' | 'worker'): Promise<{ status: number; parts: readonly string[] }> {
  const response = await fetch(`${installation.services[service].url}/readyz`);
  const { reasons = [] } = (await response.json()) as { reasons?: readonly { part: string }[] };
  return { status: response.status, parts: reasons.map(({ part }) => part) };
}

const READY = { status: 200, parts: [] };

it('Storage down: nothing is sent, acknowledged replies are kept, flows wait and then go on', async () => {
  const persons = await people('storage', 385_921_000_000, { count: 30, letters: 4, pauseMs: 1_000 });
  const acknowledged = new Map<string, string>();
  const whileDown: number[] = [];
  let isDown = false;
  await until(() => installation.messages().length >= 30, 'the first letters');
  // As providers do: the same delivery again until it is acknowledged.
  const replying = Promise.all(
    persons
      .filter(({ says }) => says !== undefined)
      .map(async (person, n) => {
        const reply = replyOf(person);
        await sleep(n * 100);
        for (;;) {
          const wasDown = isDown;
          const status = await installation.deliver(reply);
          if (wasDown && isDown) whileDown.push(status);
          if (status === 200) break;
          await sleep(100);
        }
        acknowledged.set(person.phone, new Date().toISOString());
      }),
  );
  await sleep(300);

  await installation.postgres.kill();
  isDown = true;
  // What was on the wire is in the log by then.
  await sleep(500);
  const sent = installation.messages().length;
  await until(async () => (await readyz('worker')).status === 503, 'the worker says so');
  expect((await readyz('worker')).parts).toEqual(['database']);
  expect((await readyz('gateway')).parts).toEqual(['database']);
  await sleep(1_500);
  expect(installation.messages().length).toBe(sent);
  expect(sent).toBeLessThan(persons.length * 4);
  isDown = false;
  await installation.postgres.start();
  await until(async () => (await readyz('worker')).status === 200, 'the worker is ready again');
  await until(async () => (await readyz('gateway')).status === 200, 'the gateway is ready again');

  await replying;
  expect(whileDown.length).toBeGreaterThan(10);
  expect(new Set(whileDown)).toEqual(new Set([503]));
  await expectRightEnds(persons, acknowledged);
  const { blocks, unread } = await readings(persons);
  expect(blocks).toEqual(persons.map(({ says }) => (says === 'STOP' ? 1 : 0)));
  expect(unread).toBe(0);
}, 120_000);

it('Temporal down: replies are acknowledged and held, nothing goes out to who replied, flows wait and then go on', async () => {
  const all = installation.messages().length;
  const persons = await people('temporal', 385_922_000_000, { count: 30, letters: 2, pauseMs: 8_000 });
  await until(() => persons.every((person) => textsTo(person).length > 0), 'the first letters');
  const since = Date.now();
  // A permit of each person is on its way elsewhere.
  const permits = await Promise.all(persons.map((person) => claimed(person)));

  await installation.temporal.kill();
  const began = Date.now();
  const acknowledged = new Map<string, string>();
  const talking = persons.filter(({ says }) => says !== undefined);
  for (const person of talking) {
    expect(await installation.deliver(replyOf(person))).toBe(200);
    acknowledged.set(person.phone, new Date().toISOString());
  }
  expect((Date.now() - began) / talking.length).toBeLessThan(500);
  expect(await readyz('worker')).toEqual({ status: 503, parts: ['temporal'] });
  expect(await readyz('gateway')).toEqual({ status: 503, parts: ['temporal'] });
  expect((await readings(persons)).unread).toBe(talking.length);
  expect(await statesOf(permits)).toEqual(persons.map(({ says }) => (says === undefined ? 'claimed' : 'held')));
  const sent = installation.messages().length;
  // Past the end of the flows' pause.
  await sleep(Math.max(since + 9_000 - Date.now(), 1_000));
  expect(installation.messages().length).toBe(sent);
  expect(sent).toBeLessThan(all + persons.length * 2);
  await installation.temporal.start();

  await expectRightEnds(persons, acknowledged);
  const { blocks, unread } = await readings(persons);
  expect(blocks).toEqual(persons.map(({ says }) => (says === 'STOP' ? 1 : 0)));
  expect(unread).toBe(0);
  expect(await statesOf(permits)).toEqual(persons.map(({ says }) => (says === 'STOP' ? 'revoked' : 'claimed')));
  await until(async () => (await readyz('worker')).status === 200, 'the worker is ready again');
  expect(await readyz('gateway')).toEqual(READY);
}, 120_000);

it('A worker killed between check and dispatch: flows go on with the next one, each message once', async () => {
  // Slow hand-overs: some messages are permitted, some at the provider when it happens.
  await installation.faults([{ mode: 'delay', delayMs: 300 }]);
  const persons = await people('worker', 385_923_000_000, { count: 60, letters: 3, pauseMs: 50 });
  const standing = async (): Promise<Readonly<Record<string, number>>> => {
    const found = await installation.storage.db.query<{ state: string; n: number }>(
      `select state, count(*)::integer as n from sends where contact_id = any ($1::bigint[]) group by state`,
      [persons.map(({ contact }) => contact.id)],
    );
    return Object.fromEntries(found.rows.map(({ state, n }) => [state, n]));
  };
  await until(async () => {
    const { claimed: between = 0, dispatching = 0 } = await standing();
    return between > 0 && dispatching > 0;
  }, 'messages between check and dispatch');
  await installation.services.worker.kill();
  const { claimed: between = 0, dispatching = 0 } = await standing();
  expect(between).toBeGreaterThan(0);
  expect(dispatching).toBeGreaterThan(0);
  await installation.faults([]);
  await installation.services.worker.start();

  for (const person of persons) {
    expect(await person.handle.result()).toEqual(person.letters.map(() => 'sent'));
    expect(textsTo(person)).toEqual(person.letters);
  }
}, 120_000);

/** A permit for the person, claimed and not handed over. */
async function claimed({ contact }: Person): Promise<string> {
  const { accounts, streams, permits } = installation.storage;
  const account = await accounts.get();
  const streamId = await streams.id({ accountId: account.id, channel: 'SMS', sender: '10950' });
  const permitId = randomUUID();
  const [row] = await permits.claim({
    streamId,
    claimant: randomUUID(),
    mayRepeat: true,
    messages: [{ permitId, contactId: contact.id }],
  });
  expect(row?.state).toBe('claimed');
  return permitId;
}

async function statesOf(permitIds: readonly string[]): Promise<string[]> {
  const found = await installation.storage.db.query<{ state: string }>(
    `select s.state from unnest($1::uuid[]) with ordinality as p(id, i) join sends s on s.id = p.id order by p.i`,
    [permitIds],
  );
  return found.rows.map(({ state }) => state);
}
