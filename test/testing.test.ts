// What `temporal-blocklist/testing` offers to a team's tests, used as a team would.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestProduct, withBlocklist, type TestProduct } from '../src/testing.js';
import { createTestDatabase, getTemporal, type TestDatabase } from './support/servers.js';
import { installRuntime } from './support/team.js';

const workflowsPath = fileURLToPath(new URL('./support/flows/index.ts', import.meta.url));

describe('a product for one test file', () => {
  let database: TestDatabase;
  let product: TestProduct;
  beforeAll(async () => {
    installRuntime();
    database = await createTestDatabase();
    const temporal = await getTemporal();
    product = await startTestProduct({ flows: { workflowsPath }, temporal, databaseUrl: database.url });
  });
  afterAll(async () => {
    await product.close();
    await database.drop();
  });

  it('runs a flow to its end: message, reply, event', async () => {
    const person = await product.person();
    const flow = await product.start('winBack', person.contact, 'spring-2027');
    const [offer] = await product.sent(person);
    expect(offer).toMatchObject({ to: person.destination, sender: '10950', campaignReferenceId: 'spring-2027' });
    await product.reply(person, 'yes please');
    expect((await product.sent(person, 2))[1]?.text).toBe('BACK20 is yours. STOP to end.');
    await product.event(person, 'surveyAnswered', { score: 5 });
    expect(await flow.result()).toMatchObject({ rule: 'unhappy', matched: false });
  });

  it('tells of blocked messages, and what blocked them', async () => {
    const person = await product.person();
    expect(await product.block(person, { channel: 'SMS', sender: '10950' })).toMatchObject({ effect: 'added' });
    const flow = await product.start('winBack', person.contact, 'spring-2027');
    const [message] = await product.blocked(person);
    expect(message).toMatchObject({ state: 'blocked', blockedBy: { source: 'CUSTOM', sender: '10950' } });
    expect(await flow.result()).toMatchObject({ outcome: 'blocked' });
    expect(await product.sandbox.messages(person.destination)).toEqual([]);
  });

  it('a STOP ends the flow, and the next one is blocked', async () => {
    const person = await product.person();
    const flow = await product.start('winBack', person.contact, 'spring-2027');
    await product.sent(person);
    await product.reply(person, 'Stop');
    expect(await flow.result()).toMatchObject({ outcome: 'optedOut' });
    await product.start('winBack', person.contact, 'summer-2027');
    expect((await product.blocked(person))[0]?.blockedBy).toMatchObject({ source: 'MO', campaign: 'spring-2027' });
  });

  it('an opt-out link in the last message can be pressed', async () => {
    const person = await product.person('email');
    const mail = { to: person.contact, channel: 'EMAIL', sender: 'news@shop.example', subject: 'New' } as const;
    const message = { ...mail, text: 'News. No more: {{optOutLink}}' };
    await product.start('sendOne', message);
    await product.sent(person);
    await product.pressOptOutLink(person);
    await product.start('sendOne', message);
    expect((await product.blocked(person))[0]?.blockedBy).toMatchObject({ source: 'URL_OPT_OUT' });
  });

  it('says what it waited for in vain', async () => {
    const person = await product.person();
    await expect(product.reply(person, 'STOP')).rejects.toThrow(/nothing was sent to this person yet/);
  });
});

it('starts servers of its own where none are given, and takes them down again', async () => {
  let address = '';
  const texts = await withBlocklist({ flows: { workflowsPath } }, async (product) => {
    ({ address } = product.temporal);
    const person = await product.person();
    await product.start('winBack', person.contact, 'spring-2027');
    return (await product.sent(person)).map(({ text }) => text);
  });
  expect(texts).toEqual(['We miss you! Reply YES for 20 % off, STOP to end.']);
  await expect(fetch(`http://${address}`)).rejects.toThrow('fetch failed');
});
