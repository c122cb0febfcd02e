// What services ask through BlocklistClient, of shared workers that a team's own process serves.
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shardOf } from '../src/domain/shard.js';
import type { ClientRequest, InboundEvent } from '../src/domain/step-activities.js';
import { BlocklistPlugin } from '../src/plugin/blocklist-plugin.js';
import { BlocklistClient, type InboundReply } from '../src/plugin/client.js';
import { FakeReady } from './support/fake-ready.js';
import { getTemporal } from './support/servers.js';
import { flowsBundle, installRuntime, newContact, quietLogger, until } from './support/team.js';

const CODEC_KEYS = `2027-01:${randomBytes(32).toString('base64')}`;
const NUMBER = '+385 91 555 0123';
const REPLY: InboundReply = {
  provider: 'sandbox',
  messageId: 'mo-1',
  from: '385915550123',
  to: '10950',
  channel: 'SMS',
  text: 'Stop it please',
  receivedAt: '2027-03-01T10:00:00.000Z',
};

describe('BlocklistClient', () => {
  const received: InboundEvent[] = [];
  const ready = new FakeReady();
  const closed: string[] = [];
  const activities = {
    ...ready,
    blocklistContact: (input: Extract<ClientRequest, { kind: 'contact' }>) => {
      if (!/\d{5}/.test(input.destination.replaceAll(' ', ''))) {
        throw ApplicationFailure.nonRetryable('The destination cannot be read (TOO_SHORT).', 'INVALID_DESTINATION');
      }
      return Promise.resolve({ id: '7' });
    },
    blocklistReceive: (events: readonly InboundEvent[]) => {
      received.push(...events);
      return Promise.resolve({ accepted: events.length, duplicates: 0, rejected: [] });
    },
  };
  let address: string;
  let namespace: string;
  let connection: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;
  let service: BlocklistClient;
  let clear: Client;

  beforeAll(async () => {
    installRuntime();
    ({ address, namespace } = await getTemporal());
    connection = await NativeConnection.connect({ address });
    const workflowsPath = fileURLToPath(new URL('./support/flows/ready.ts', import.meta.url));
    worker = await Worker.create({
      connection,
      namespace,
      taskQueue: 'team',
      workflowBundle: await flowsBundle({ codecKeys: CODEC_KEYS }),
      plugins: [
        new BlocklistPlugin({
          codecKeys: CODEC_KEYS,
          serve: {
            workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: quietLogger }),
            openActivities: () =>
              Promise.resolve({
                single: activities,
                bulk: activities,
                close: () => Promise.resolve(void closed.push('closed')),
              }),
          },
        }),
      ],
    });
    running = worker.run();
    service = new BlocklistClient({ address, namespace, codecKeys: CODEC_KEYS });
    clear = new Client({ connection: await Connection.connect({ address }), namespace });
  });
  afterAll(async () => {
    await service.close();
    await clear.connection.close();
    await connection.close();
  });

  it('gives the contact of a destination, which no history shows', async () => {
    expect(await service.contact(NUMBER)).toEqual({ id: '7' });
    for await (const { workflowId } of clear.workflow.list({ query: 'WorkflowType = "blocklistRequest"' })) {
      expect(workflowId).toMatch(/^blocklist-request-[0-9a-f-]{36}$/);
      const { events } = await clear.workflow.getHandle(workflowId).fetchHistory();
      const payload = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
      expect(Buffer.from(payload?.data ?? []).toString('latin1')).not.toContain('555');
    }
  });

  it('says what is wrong as a typed error', async () => {
    await expect(service.contact('12')).rejects.toMatchObject({
      name: 'BlocklistError',
      code: 'INVALID_DESTINATION',
      retryable: false,
      message: 'The destination cannot be read (TOO_SHORT).',
    });
  });

  it('asks, opts out and in, and reports events', async () => {
    const contact = newContact();
    expect(await service.check({ contacts: [contact], channel: 'SMS' })).toEqual([
      { contactId: contact.id, blocked: false },
    ]);
    const command = { contact, level: 'FROM_ANY_SENDER', actor: 'support' } as const;
    expect(await service.optOut(command)).toMatchObject({ effect: 'added', kind: 'optOut' });
    expect(await service.optIn(command)).toMatchObject({ kind: 'optIn' });
    await service.event({ contact, event: 'surveyAnswered', id: 'e-1' });
  });

  it('hands a reply over and waits until it is stored', async () => {
    expect(await service.reply(REPLY)).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    expect(received).toContainEqual({ kind: 'reply', ...REPLY });
    const shard = shardOf(REPLY.from);
    expect((await clear.workflow.getHandle(`blocklist-inbound-${shard}`).describe()).type).toBe('blocklistInbound');
  });

  it('hands a reply over without waiting, and opt-out links', async () => {
    await service.signalReply({ ...REPLY, messageId: 'mo-2' });
    await until(() => received.some((event) => event.kind === 'reply' && event.messageId === 'mo-2'), 'mo-2');
    await service.optOutLink('token', new Date('2027-03-01T10:00:00Z'));
    expect(received).toContainEqual({ kind: 'optOutLink', token: 'token', receivedAt: '2027-03-01T10:00:00.000Z' });
  });

  it('keeps a person in one shard however the number is written', () => {
    expect(new Set(['385915550123', '+385 91 555-0123', '00385915550123'].map(shardOf)).size).toBe(1);
    const shards = new Set(Array.from({ length: 200 }, (_, n) => shardOf(`38591555${n}`)));
    expect([...shards].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('uses a Temporal client that encrypts, and refuses one that would not', () => {
    const client = new Client({
      connection: clear.connection,
      namespace,
      plugins: [new BlocklistPlugin({ codecKeys: CODEC_KEYS })],
    });
    expect(new BlocklistClient({ client, codecKeys: CODEC_KEYS }).client).toBe(client);
    expect(() => new BlocklistClient({ client: clear, codecKeys: CODEC_KEYS })).toThrow(
      /plugins: \[new BlocklistPlugin\(\)\]/,
    );
  });

  it('Temporal down: a retryable error, in the time it was given', async () => {
    const away = new BlocklistClient({ address: '127.0.0.1:1', codecKeys: [], timeoutMs: 500 });
    await expect(away.contact(NUMBER)).rejects.toMatchObject({ code: 'TEMPORAL_UNAVAILABLE', retryable: true });
    await away.close();
  });

  it('stops the shared workers with the worker that serves them, and then says that nobody answers', async () => {
    worker.shutdown();
    await running;
    expect(closed).toEqual(['closed']);
    const impatient = new BlocklistClient({ address, namespace, codecKeys: CODEC_KEYS, timeoutMs: 1_000 });
    const expected = {
      code: 'TEMPORAL_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/no shared blocklist worker answered/),
    };
    await expect(impatient.contact(NUMBER)).rejects.toMatchObject(expected);
    await expect(impatient.reply({ ...REPLY, messageId: 'mo-3' })).rejects.toMatchObject(expected);
    await impatient.close();
  });
});

describe('serving', () => {
  it('ends the team worker when the shared workers cannot start, with the reason', async () => {
    installRuntime();
    const { address, namespace } = await getTemporal();
    const connection = await NativeConnection.connect({ address });
    const failing = new BlocklistPlugin({
      codecKeys: [],
      serve: { openActivities: () => Promise.reject(new Error('no database')) },
    });
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: 'team',
      workflowBundle: await flowsBundle(),
      plugins: [failing],
    });
    await expect(worker.run()).rejects.toThrow('no database');
    await connection.close();
  });
});
