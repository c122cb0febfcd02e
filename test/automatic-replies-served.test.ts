// From a reply at the gateway to its automatic answer and its forwarding, through Temporal.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openReceiver, type Receiver } from './support/receiver.js';
import { startServedGateway, type ServedGateway } from './support/served-gateway.js';
import { until } from './support/team.js';

let test: ServedGateway;
let receiver: Receiver;

beforeAll(async () => {
  test = await startServedGateway();
  receiver = await openReceiver();
});
afterAll(async () => {
  await test.close();
  await receiver.close();
});

async function configure(body: object): Promise<void> {
  const answer = await test.call('POST', '/resource-management/1/inbound-message-configurations', body);
  expect(answer.status).toBe(200);
}

async function reply(from: string, to: string, text: string): Promise<string> {
  const messageId = randomUUID();
  const result = { messageId, from, to, channel: 'SMS', text, receivedAt: new Date().toISOString() };
  expect((await test.call('POST', '/inbound/sandbox/sms', { results: [result] })).status).toBe(200);
  return messageId;
}

const idOf = async (messageId: string): Promise<string> =>
  (await test.storage.db.query<{ id: string }>('select id from inbox where message_id = $1', [messageId])).rows[0]
    ?.id ?? '';

const nothingPersonalIn = async (workflowId: string, person: string): Promise<void> => {
  const history = await test.client.workflow.getHandle(workflowId).fetchHistory();
  const payloads = JSON.stringify(history).replaceAll(/"data":"([^"]+)"/g, (_all, data: string) =>
    Buffer.from(data, 'base64').toString('utf8'),
  );
  expect(payloads).toContain('inboxId');
  expect(payloads).not.toContain(person);
  expect(payloads).not.toContain(receiver.url);
};

describe('a reply with a configured keyword', () => {
  it('is answered, and neither person nor text is in the history', async () => {
    await configure({ channel: 'SMS', number: '30001', keyword: 'HOURS', autoResponse: { message: 'We are open.' } });
    const person = '385980000001';
    const id = await reply(person, '30001', 'hours?');
    await until(async () => (await test.sandbox.messages(person)).length === 1, 'the answer');
    expect(await test.sandbox.messages(person)).toMatchObject([{ text: 'We are open.', sender: '30001' }]);
    const workflowId = `blocklist-auto-reply-${await idOf(id)}`;
    expect(await test.client.workflow.result(workflowId)).toEqual({ outcome: 'sent' });
    await nothingPersonalIn(workflowId, person);
  });

  it('is forwarded although the address fails at first', async () => {
    await configure({ channel: 'SMS', number: '30002', forwarding: { type: 'HTTP_FORWARD', url: receiver.url } });
    let attempts = 0;
    receiver.answerWith(() => ((attempts += 1) < 3 ? 500 : 200));
    const person = '385980000002';
    const id = await reply(person, '30002', 'hello there');
    await until(() => receiver.accepted.length === 1, 'the post');
    expect(receiver.accepted[0]?.body).toMatchObject({
      results: [{ messageId: id, from: person, text: 'hello there' }],
    });
    const workflowId = `blocklist-forwarding-${await idOf(id)}`;
    expect(await test.client.workflow.result(workflowId)).toEqual({ outcome: 'forwarded', retries: 2 });
    await nothingPersonalIn(workflowId, person);
  });
});
