// Broadcasts: the audience as it is brought in, the course of a broadcast with everything that can come between, and its end.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haltStore } from '../src/storage/halts.js';
import {
  broadcastStatus,
  createBroadcast,
  dryRun,
  loadAudience,
  setBroadcastStatus,
  startable,
  type BroadcastSpec,
} from '../src/storage/broadcasts.js';
import {
  countsOf,
  cutPages,
  faults,
  lines,
  newNumbers,
  readReplies,
  sentTo,
  SPRING,
  startBroadcasting,
  type Broadcasting,
} from './support/broadcasting.js';
import { recordBroadcasts, recordedBroadcasts, replayAll, replayBroadcast } from './support/broadcast-histories.js';
import { summariesOf } from './support/flow-histories.js';
import { openProduct, type Product } from './support/product.js';
import { until } from './support/team.js';

let product: Product;
let broadcasting: Broadcasting;
beforeAll(async () => {
  product = await openProduct();
  broadcasting = await startBroadcasting(product);
});
afterAll(async () => {
  await broadcasting?.close();
  await product?.close();
});

const optOut = async (destination: string, domain = false): Promise<void> => {
  await product.storage.optOuts.optOut([
    {
      accountId: (await product.storage.accounts.get()).id,
      contactId: await product.contact(destination, destination.includes('@') ? 'EMAIL' : 'SMS'),
      source: 'CUSTOM',
      receivedAt: new Date(),
      actor: 'operator:test',
      domain,
    },
  ]);
};
const audienceOf = async (broadcastId: string): Promise<string[]> =>
  (
    await product.storage.db.query<{ value: string }>(
      `select c.value from broadcasts b
       join broadcast_pages p on p.broadcast_id = b.id
       cross join unnest(p.contacts) with ordinality as listed(id, n)
       join contact_points c on c.id = listed.id
       where b.key = $1 order by p.page, listed.n`,
      [broadcastId],
    )
  ).rows.map(({ value }) => value);
const newBroadcast = async (spec: Partial<BroadcastSpec> = {}): Promise<string> =>
  (await createBroadcast(product.storage, { ...SPRING, ...spec })).broadcastId;
/** One with its audience, in pages of so many. */
const broadcastTo = async (spec: Partial<BroadcastSpec>, people: readonly string[], size: number): Promise<string> => {
  const id = await newBroadcast(spec);
  await loadAudience(product.storage, id, lines(people));
  await cutPages(product, id, size);
  return id;
};
const numberOf = (messages: readonly { readonly messageId: string }[]): number =>
  new Set(messages.map(({ messageId }) => messageId)).size;

describe('an audience', () => {
  it('is normalised, rid of duplicates in order of first appearance, and rejects lines by number', async () => {
    const id = await newBroadcast();
    const loaded = await loadAudience(product.storage, id, [
      { line: 1, destination: '+385 91 700 0002' },
      { line: 2, destination: '385917000001' },
      { line: 3, destination: 'no number' },
      { line: 4, destination: '00385917000002' },
      { line: 5, destination: '(091) 700-0003', human: { defaultCountry: 'HR' } },
      { line: 6, destination: '(091) 700-0003', human: {} },
      { line: 7, destination: '' },
    ]);
    expect(loaded).toEqual({
      audience: 3,
      duplicates: 1,
      rejected: 3,
      rejects: [
        { line: 3, reason: 'NOT_DIGITS' },
        { line: 6, reason: 'COUNTRY_NEEDED' },
        { line: 7, reason: 'EMPTY' },
      ],
    });
    expect(await audienceOf(id)).toEqual(['385917000002', '385917000001', '385917000003']);
  });

  it('is cut into pages, and duplicates are found however far apart they stand', async () => {
    const people = newNumbers(11_000);
    const id = await newBroadcast();
    const loaded = await loadAudience(product.storage, id, lines([...people, ...people.slice(0, 200)]));
    expect(loaded).toMatchObject({ audience: 11_000, duplicates: 200, rejected: 0 });
    expect(await audienceOf(id)).toEqual(people);
    const pages = await product.storage.db.query<{ n: number }>(
      `select cardinality(contacts) as n from broadcast_pages p join broadcasts b on b.id = p.broadcast_id
       where b.key = $1 order by page`,
      [id],
    );
    expect(pages.rows.map(({ n }) => n)).toEqual([5_000, 5_000, 1_000]);
  });

  it('lists the first thousand rejects and counts all of them', async () => {
    const id = await newBroadcast();
    const loaded = await loadAudience(product.storage, id, lines(Array.from({ length: 6_001 }, () => 'x')));
    expect(loaded).toMatchObject({ audience: 0, rejected: 6_001 });
    expect(loaded.rejects).toHaveLength(1_000);
    expect(loaded.rejects.at(-1)).toEqual({ line: 1_000, reason: 'NOT_DIGITS' });
  });

  it('can be loaded again after a crash in the middle, and not after the start', async () => {
    const id = await newBroadcast();
    async function* breaking() {
      yield* lines(newNumbers(6_000));
      throw new Error('the upload broke');
    }
    await loadAudience(product.storage, id, lines(newNumbers(10)));
    await expect(loadAudience(product.storage, id, breaking())).rejects.toThrow('the upload broke');
    expect(await countsOf(product, id)).toMatchObject({ audience: 10 });
    const people = newNumbers(3);
    await loadAudience(product.storage, id, lines(people));
    expect(await audienceOf(id)).toEqual(people);
    expect(await startable(product.storage, id)).toBe('RUNNING');
    expect(await startable(product.storage, id)).toBe('RUNNING');
    await expect(loadAudience(product.storage, id, lines(people))).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await setBroadcastStatus(product.storage, id, 'CANCELLED')).toBe('CANCELLED');
    expect(await startable(product.storage, id)).toBe('CANCELLED');
  });

  it('of many at once does not use up the connections', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => newBroadcast()));
    const loaded = await Promise.all(ids.map((id) => loadAudience(product.storage, id, lines(newNumbers(50)))));
    expect(loaded.map(({ audience }) => audience)).toEqual(ids.map(() => 50));
  });
});

describe('a broadcast that cannot be right', () => {
  it('is refused with every mistake named and no value quoted', async () => {
    const wrong = {
      ...SPRING,
      channel: 'FAX',
      messagesPerSecond: 1e12,
      text: 'secret'.repeat(2_000_000),
      validForSeconds: -1,
    };
    const error = await createBroadcast(product.storage, wrong as never).catch((reason: unknown) => reason as Error);
    expect(error).toMatchObject({ code: 'INVALID_INPUT' });
    for (const path of ['channel', 'messagesPerSecond', 'text', 'validForSeconds'])
      expect(String(error)).toContain(path);
    expect(String(error)).not.toContain('secret');
  });

  it('has no status if it does not exist', async () => {
    await expect(broadcastStatus(product.storage, randomUUID())).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(broadcastStatus(product.storage, "' or 1=1")).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a dry run', () => {
  it('tells who would get the message, who is blocked by what and who is held, and writes nothing', async () => {
    const [blocked, held, free] = newNumbers(3) as [string, string, string];
    await optOut(blocked);
    await product.contact(held);
    await product.reply({ from: held, text: 'a question' });
    const before = await product.storage.db.query('select count(*) from contact_points');
    const run = await dryRun(
      product.storage,
      { channel: 'SMS', sender: '10950' },
      lines([blocked, held, free, `+${free}`, '385919999999', 'x']),
    );
    expect(run).toEqual({
      audience: 4,
      duplicates: 1,
      wouldSend: 2,
      blocked: { total: 1, bySource: { MO: 0, URL_OPT_OUT: 0, CAMPAIGN: 0, CUSTOM: 1 } },
      held: 1,
      invalid: 1,
      rejects: [{ line: 6, reason: 'NOT_DIGITS' }],
    });
    const after = await product.storage.db.query('select count(*) from contact_points');
    expect(after.rows).toEqual(before.rows);
    await readReplies(product);
  });
});

describe('a broadcast', () => {
  it('reaches everyone of its audience once, except those who opted out, and says so exactly', async () => {
    const people = newNumbers(12_000);
    const gone = people.filter((_, i) => i % 100 === 7);
    for (const person of gone) await optOut(person);
    const { id, handle } = await broadcasting.send({}, [...people, ...people.slice(50)]);
    const counts = { audience: 12_000, permitted: 11_880, sent: 11_880, blocked: 120, held: 0, failed: 0 };
    expect(await handle.result()).toEqual({ status: 'FINISHED', counts });
    expect(await broadcastStatus(product.storage, id)).toMatchObject({ status: 'FINISHED', counts });
    const sent = await sentTo(product, people);
    expect(sent).toHaveLength(11_880);
    const reached = new Set(sent.map(({ to }) => to));
    expect(reached.size).toBe(11_880);
    expect(gone.some((person) => reached.has(person))).toBe(false);
    expect(sent[0]).toMatchObject({
      channel: 'SMS',
      sender: '10950',
      text: SPRING.text,
      campaignReferenceId: 'spring',
    });
    expect(await summariesOf(handle)).toEqual(expect.arrayContaining(['page 1 of 3', 'page 2 of 3', 'page 3 of 3']));
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({ BlocklistCampaign: ['spring'], BlocklistPhase: ['FINISHED'] });
  });

  it('goes to e-mail addresses with a subject, and each text carries its own opt-out link', async () => {
    const people = ['ada@news.example', 'Bob@News.example', 'eve@closed.example'];
    await optOut('someone@closed.example');
    const spec = { channel: 'EMAIL', subject: 'Spring', text: 'Leave: {{optOutLink}}' } as const;
    const { handle } = await broadcasting.send(spec, people);
    expect((await handle.result()).counts).toMatchObject({ audience: 3, sent: 3 });
    const sent = await sentTo(product, ['ada@news.example', 'bob@news.example', 'eve@closed.example']);
    expect(new Set(sent.map(({ text }) => text)).size).toBe(3);
    for (const { text } of sent) expect(text).toMatch(/^Leave: http:\/\/127\.0\.0\.1:1\/u\/[\w-]{40,}$/);
  });

  it('with nobody to send to ends at once', async () => {
    const { handle } = await broadcasting.send({}, []);
    expect(await handle.result()).toMatchObject({ status: 'FINISHED', counts: { audience: 0, sent: 0 } });
  });

  it('that does not exist fails instead of waiting for ever', async () => {
    const handle = await broadcasting.start(randomUUID());
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'NOT_FOUND' } });
  });

  it('sends nothing to people who opt out while it runs', async () => {
    const people = newNumbers(300);
    const { handle } = await broadcasting.send({ messagesPerSecond: 40 }, people);
    await until(async () => (await sentTo(product, people)).length > 20, 'the first messages');
    const leaving = people.slice(200);
    const acknowledged: string[] = [];
    for (const person of leaving) {
      await optOut(person);
      acknowledged.push(new Date().toISOString());
    }
    const { counts } = await handle.result();
    const sent = await sentTo(product, people);
    const late = leaving.filter((person, i) =>
      sent.some(({ to, acceptedAt }) => to === person && acceptedAt > acknowledged[i]!),
    );
    expect(late).toEqual([]);
    expect(counts.blocked).toBeGreaterThan(50);
    expect(counts).toEqual({
      audience: 300,
      permitted: counts.sent,
      sent: sent.length,
      blocked: 300 - sent.length,
      held: 0,
      failed: 0,
    });
  });
});

describe('a broadcast of very many pages', () => {
  it('goes on in a new run of the workflow, where the last one stopped', async () => {
    const people = newNumbers(203);
    const id = await broadcastTo({}, people, 1);
    const handle = await broadcasting.start(id);
    await until(async () => (await sentTo(product, people)).length > 20, 'the first messages');
    await broadcasting.signal(handle, 'pause');
    await broadcasting.signal(handle, 'resume');
    expect((await handle.result()).counts).toMatchObject({ audience: 203, sent: 203 });
    expect(await sentTo(product, people)).toHaveLength(203);
    const { runId } = await handle.describe();
    expect(runId).not.toBe(handle.firstExecutionRunId);
  });
});

describe('accounts', () => {
  it('share the workers fairly: a thousand recipients of one do not wait for the broadcasts of another', async () => {
    const small = 'B0000000000000000000000000000002';
    await product.storage.accounts.create(small);
    // In a namespace of their own: these two slots are all there is.
    const few = await startBroadcasting(product, { pagesAtOnce: 2 });
    try {
      await faults(product, { mode: 'delay', channel: 'VIBER', delayMs: 100 });
      const crowds = Array.from({ length: 20 }, () => newNumbers(30));
      const large = await Promise.all(crowds.map((people) => broadcastTo({ channel: 'VIBER' }, people, 1)));
      const handles = await Promise.all(large.map((id) => few.start(id)));
      await until(async () => (await sentTo(product, crowds.flat())).length >= 12, 'the large account');
      const people = newNumbers(1_000);
      const before = (await sentTo(product, crowds.flat())).length;
      const handle = await few.start(await broadcastTo({ accountKey: small }, people, 100));
      expect((await handle.result()).counts).toMatchObject({ audience: 1_000, sent: 1_000 });
      // In one line with the others, each of its ten pages would have waited for some twenty of theirs.
      expect((await sentTo(product, crowds.flat())).length - before).toBeLessThan(130);
      for (const each of handles) await each.cancel();
      for (const each of handles) await each.result();
    } finally {
      await faults(product);
      await few.close();
    }
  });
});

describe('operators', () => {
  it('pause, resume and see the counts of a broadcast', async () => {
    const people = newNumbers(200);
    const { id, handle } = await broadcasting.send({ messagesPerSecond: 100 }, people);
    await until(async () => (await sentTo(product, people)).length >= 20, 'the first messages');
    await broadcasting.signal(handle, 'pause');
    await until(async () => (await broadcastStatus(product.storage, id)).status === 'PAUSED', 'the pause');
    await new Promise((resolve) => setTimeout(resolve, 700));
    const paused = await sentTo(product, people);
    expect(paused.length).toBeLessThan(150);
    expect(await handle.query('blocklistProgress')).toMatchObject({
      status: 'PAUSED',
      counts: { audience: 200, sent: paused.length },
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await sentTo(product, people)).toHaveLength(paused.length);
    await broadcasting.signal(handle, 'resume');
    expect(await handle.result()).toMatchObject({ status: 'FINISHED', counts: { audience: 200, sent: 200 } });
    expect(numberOf(await sentTo(product, people))).toBe(200);
  });

  it('cancel a broadcast: nothing more is claimed, open permits end, and the counts stay true', async () => {
    const people = newNumbers(6_000);
    const { id, handle } = await broadcasting.send({ messagesPerSecond: 500 }, people);
    await until(async () => (await sentTo(product, people)).length >= 100, 'the first messages');
    await broadcasting.signal(handle, 'cancel');
    const { status, counts } = await handle.result();
    const sent = await sentTo(product, people);
    expect(status).toBe('CANCELLED');
    expect(counts).toMatchObject({ audience: 6_000, sent: sent.length, permitted: sent.length, held: 0, blocked: 0 });
    const rows = await product.storage.db.query<{ state: string; n: number }>(
      `select s.state, count(*)::integer as n from sends s join contact_points c on c.id = s.contact_id
       where c.value = any ($1) group by 1 order by 1`,
      [people],
    );
    const states = Object.fromEntries(rows.rows.map(({ state, n }) => [state, n]));
    expect(states).toEqual({ sent: sent.length, ...(counts.failed === 0 ? {} : { expired: counts.failed }) });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await sentTo(product, people)).toHaveLength(sent.length);
    expect(await broadcastStatus(product.storage, id)).toMatchObject({ status: 'CANCELLED', counts });
  });

  it('cancel it by cancelling the workflow, also while it is paused with messages held', async () => {
    const people = newNumbers(50);
    for (const person of people.slice(0, 5)) await product.contact(person);
    for (const person of people.slice(0, 5)) await product.reply({ from: person, text: 'a question' });
    const { handle } = await broadcasting.send({}, people);
    await until(async () => (await sentTo(product, people)).length === 45, 'those who are not held');
    await broadcasting.signal(handle, 'pause');
    await handle.cancel();
    expect(await handle.result()).toEqual({
      status: 'CANCELLED',
      counts: { audience: 50, permitted: 45, sent: 45, blocked: 0, held: 0, failed: 5 },
    });
    await readReplies(product);
    expect(await sentTo(product, people)).toHaveLength(45);
  });

  it('limit the rate, in every second of it', async () => {
    const people = newNumbers(250);
    const { handle } = await broadcasting.send({ messagesPerSecond: 100 }, people);
    await handle.result();
    const times = (await sentTo(product, people)).map(({ acceptedAt }) => Date.parse(acceptedAt));
    const busiest = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1_000).length));
    // One hand-over of ten may have been late, and its successor on time.
    expect(busiest).toBeLessThanOrEqual(120);
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThanOrEqual(2_200);
  });
});

describe('held messages', () => {
  it('wait until the reply has been read, and then go out or not as it said', async () => {
    const people = newNumbers(20);
    const [stops, asks] = people as [string, string];
    for (const person of [stops, asks]) await product.contact(person);
    await product.reply({ from: stops, text: 'STOP' });
    await product.reply({ from: asks, text: 'when do you open?' });
    const { id, handle } = await broadcasting.send({}, people);
    await until(async () => (await countsOf(product, id)).held === 2, 'the two held messages');
    expect(await countsOf(product, id)).toEqual({
      audience: 20,
      permitted: 18,
      sent: 18,
      blocked: 0,
      held: 2,
      failed: 0,
    });
    expect(await sentTo(product, [stops, asks])).toEqual([]);
    await readReplies(product);
    expect(await handle.result()).toEqual({
      status: 'FINISHED',
      counts: { audience: 20, permitted: 19, sent: 19, blocked: 1, held: 0, failed: 0 },
    });
    expect((await sentTo(product, [stops, asks])).map(({ to }) => to)).toEqual([asks]);
  });

  it('wait for the end of a halt', async () => {
    const halts = haltStore(product.storage.db);
    const account = await product.storage.accounts.get();
    const scope = { channel: 'VIBER', sender: 'Halted' } as const;
    await halts.halt(account, scope, 'a wrong text', 'operator:test');
    const people = newNumbers(30);
    const { id, handle } = await broadcasting.send(scope, people);
    await until(async () => (await countsOf(product, id)).held === 30, 'the hold');
    expect(await sentTo(product, people)).toEqual([]);
    await halts.resume(account, scope, 'operator:test');
    expect(await handle.result()).toMatchObject({ status: 'FINISHED', counts: { audience: 30, sent: 30, held: 0 } });
    expect(await sentTo(product, people)).toHaveLength(30);
  });

  it('expire at the end of the broadcast that held them', async () => {
    const people = newNumbers(10);
    await product.contact(people[0]!);
    await product.reply({ from: people[0]!, text: 'a question nobody reads' });
    const { handle } = await broadcasting.send({ validForSeconds: 3 }, people);
    expect(await handle.result()).toEqual({
      status: 'FINISHED',
      counts: { audience: 10, permitted: 9, sent: 9, blocked: 0, held: 0, failed: 1 },
    });
    await readReplies(product);
  });
});

describe('a provider that fails', () => {
  it('by rejecting messages: those fail, the others are sent', async () => {
    const people = newNumbers(40);
    await faults(product, ...people.slice(0, 4).map((to) => ({ mode: 'reject', to })));
    const { handle } = await broadcasting.send({}, people);
    expect((await handle.result()).counts).toEqual({
      audience: 40,
      permitted: 40,
      sent: 36,
      blocked: 0,
      held: 0,
      failed: 4,
    });
  });

  it.each([
    ['with 429', { mode: 'rateLimit', count: 3, delayMs: 200 }],
    ['by dropping connections before anything is taken', { mode: 'dropBeforeAccept', count: 2 }],
    ['by dropping connections after taking the messages', { mode: 'drop', count: 2 }],
    ['by never answering', { mode: 'timeoutAfterAccept', count: 2, delayMs: 300 }],
  ])('%s: everybody gets the message once', async (_, fault) => {
    const people = newNumbers(1_500);
    await faults(product, fault);
    const { handle } = await broadcasting.send({}, people);
    expect((await handle.result()).counts).toEqual({
      audience: 1_500,
      permitted: 1_500,
      sent: 1_500,
      blocked: 0,
      held: 0,
      failed: 0,
    });
    expect(await sentTo(product, people)).toHaveLength(1_500);
    await faults(product);
  });
});

describe('the workflow', () => {
  it('does the same on a worker that remembers nothing', async () => {
    const forgetful = await startBroadcasting(product, { maxCachedWorkflows: 0 });
    try {
      const people = newNumbers(60);
      await product.contact(people[0]!);
      await product.reply({ from: people[0]!, text: 'a question' });
      const { id, handle } = await forgetful.send({ messagesPerSecond: 50 }, people);
      await until(async () => (await countsOf(product, id)).held === 1, 'the hold');
      await forgetful.signal(handle, 'pause');
      await readReplies(product);
      await forgetful.signal(handle, 'resume');
      expect((await handle.result()).counts).toMatchObject({ audience: 60, sent: 60, held: 0 });
      expect(await sentTo(product, people)).toHaveLength(60);
    } finally {
      await forgetful.close();
    }
  });

  it('replays every history of this file', async () => {
    await recordBroadcasts(broadcasting.client);
    expect(await replayAll(broadcasting.client)).toEqual({ replayed: expect.any(Number), errors: [] });
  });

  it.each(recordedBroadcasts)('of an earlier release replays: %s', replayBroadcast);

  it('has no destination and no text in its histories', async () => {
    const people = /3859[0-9]{8}/;
    for await (const { workflowId, runId } of broadcasting.client.workflow.list()) {
      const { events } = await broadcasting.client.workflow.getHandle(workflowId, runId).fetchHistory();
      const text = JSON.stringify(events, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString() : value,
      );
      expect(text).not.toMatch(people);
      expect(text).not.toContain('spring offer');
    }
  });
});
