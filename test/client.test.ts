// What services ask through BlocklistClient, of shared workers that a team's own process serves: composed by the plugin as it
// does for everybody, from an environment alone.
import { randomBytes, randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../src/config.js';
import { shardOf } from '../src/domain/shard.js';
import { BlocklistPlugin } from '../src/plugin/blocklist-plugin.js';
import { BlocklistClient, type InboundReply } from '../src/plugin/client.js';
import { openStorage, type Storage } from '../src/storage/storage.js';
import { openSurroundings, type Surroundings } from './support/real-workers.js';
import { getTemporal } from './support/servers.js';
import { flowsBundle, installRuntime, TEAM_QUEUE, until } from './support/team.js';

const CODEC_KEYS = `2027-01:${randomBytes(32).toString('base64')}`;
const NUMBER = '+385 91 555 0123';
const reply = (text: string, from = '385915550123'): InboundReply => ({
  provider: 'sandbox',
  messageId: randomUUID(),
  from,
  to: '10950',
  channel: 'SMS',
  text,
  receivedAt: new Date().toISOString(),
});

describe('a worker that serves, and its clients', () => {
  let address: string;
  let namespace: string;
  let surroundings: Surroundings;
  let storage: Storage;
  let connection: NativeConnection;
  let worker: Worker;
  let running: Promise<void>;
  let service: BlocklistClient;
  let clear: Client;

  beforeAll(async () => {
    installRuntime();
    ({ address, namespace } = await getTemporal());
    surroundings = await openSurroundings();
    const { environment } = surroundings;
    const { databaseUrl, hashKey } = readConfig(environment);
    storage = await openStorage({ databaseUrl, hashKey, connections: 2 });
    connection = await NativeConnection.connect({ address });
    worker = await Worker.create({
      connection,
      namespace,
      taskQueue: TEAM_QUEUE,
      workflowBundle: await flowsBundle({ codecKeys: CODEC_KEYS }),
      plugins: [new BlocklistPlugin({ codecKeys: CODEC_KEYS, serve: { environment } })],
    });
    running = worker.run();
    service = new BlocklistClient({ address, namespace, codecKeys: CODEC_KEYS });
    clear = new Client({ connection: await Connection.connect({ address }), namespace });
  });
  afterAll(async () => {
    await service?.close();
    await clear?.connection.close();
    await connection?.close();
    await storage?.close();
    await surroundings?.close();
  });

  const inboxOf = async (messageId: string) => {
    const found = await storage.db.query<{ state: string; text: string }>(
      'select state, text from inbox where message_id = $1',
      [messageId],
    );
    return found.rows[0];
  };

  it('a flow sends, hears a STOP and ends, with nothing set up but the plugin', async () => {
    const contact = await service.contact('+385 91 555 0200');
    const handle = await service.client.workflow.start('sendAndSleep', {
      taskQueue: TEAM_QUEUE,
      workflowId: 'served-1',
      args: [contact],
    });
    const log = async () => {
      const response = await fetch(`${surroundings.sandbox.url}/messages?to=385915550200`);
      return ((await response.json()) as { messages: readonly unknown[] }).messages;
    };
    await until(async () => (await log()).length === 1, 'the message');
    await service.reply(reply('STOP', '385915550200'));
    expect(await handle.result()).toMatchObject({
      outcome: 'optedOut',
      contactId: contact.id,
      campaign: 'spring-2027',
    });
    expect(await service.check({ contacts: [contact], channel: 'SMS' })).toMatchObject([{ blocked: true }]);
  });

  it('gives the contact of a destination, the same however it is written, and no history shows it', async () => {
    const contact = await service.contact(NUMBER);
    expect(contact).toEqual({ id: expect.stringMatching(/^\d+$/) });
    expect(await service.contact('091 555 0123', { defaultCountry: 'hr' })).toEqual(contact);
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
      message: expect.stringMatching(/^The destination cannot be read \(TOO_SHORT\)/),
    });
    await expect(service.contact(NUMBER, { defaultCountry: 'Atlantis' })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/defaultCountry/),
    });
  });

  it('asks, opts out and in, and reports events', async () => {
    const contact = await service.contact('+385 91 555 0300');
    const question = { contacts: [contact], channel: 'SMS' } as const;
    expect(await service.check(question)).toEqual([{ contactId: contact.id, blocked: false }]);
    const command = { contact, level: 'FROM_ANY_SENDER', actor: 'support' } as const;
    expect(await service.optOut(command)).toMatchObject({ effect: 'added' });
    expect(await service.check(question)).toMatchObject([{ blocked: true, explanation: { source: 'CUSTOM' } }]);
    expect(await service.optIn(command)).toMatchObject({ effect: 'removed' });
    expect(await service.check(question)).toEqual([{ contactId: contact.id, blocked: false }]);
    await service.event({ contact, event: 'surveyAnswered', id: 'e-1' });
    expect(await inboxOf('e-1')).toMatchObject({ state: 'read' });
  });

  it('hands a reply over and waits until it is stored; the second time it is a duplicate', async () => {
    const talk = reply('When do you open?');
    expect(await service.reply(talk)).toEqual({ accepted: 1, duplicates: 0, rejected: [] });
    expect(await inboxOf(talk.messageId)).toMatchObject({ text: 'When do you open?' });
    expect(await service.reply(talk)).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
    const shard = shardOf(talk.from);
    expect((await clear.workflow.getHandle(`blocklist-inbound-${shard}`).describe()).type).toBe('blocklistInbound');
    await until(async () => (await inboxOf(talk.messageId))?.state === 'read', 'it is read');
  });

  it('hands a reply over without waiting, and opt-out links', async () => {
    const talk = reply('Hello?');
    await service.signalReply(talk);
    await until(async () => (await inboxOf(talk.messageId))?.state === 'read', 'it is read');
    expect(await service.optOutLink('token', new Date('2027-03-01T10:00:00Z'))).toMatchObject({
      accepted: 0,
      rejected: [{ index: 0 }],
    });
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
    const areClosed = async () => {
      const { rows } = await storage.db.query(
        `select from pg_stat_activity
         where datname = current_database() and application_name in ('blocklist-single', 'blocklist-bulk')`,
        [],
      );
      return rows.length === 0;
    };
    await until(areClosed, 'their connections are closed');
    const impatient = new BlocklistClient({ address, namespace, codecKeys: CODEC_KEYS, timeoutMs: 1_000 });
    const expected = {
      code: 'TEMPORAL_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/no shared blocklist worker answered/),
    };
    await expect(impatient.contact(NUMBER)).rejects.toMatchObject(expected);
    await expect(impatient.reply(reply('Anybody?'))).rejects.toMatchObject(expected);
    await impatient.close();
  });
});

describe('serving', () => {
  it.each([
    [
      'without a database that answers',
      { BLOCKLIST_DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' },
      'STORAGE_UNAVAILABLE',
    ],
    ['without a hash key', { BLOCKLIST_HASH_KEY: '' }, 'CONFIGURATION'],
  ])('%s ends the team worker, with the reason', async (_, more, code) => {
    installRuntime();
    const { address, namespace } = await getTemporal();
    const connection = await NativeConnection.connect({ address });
    const surroundings = await openSurroundings();
    const environment = { ...surroundings.environment, ...more };
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue: TEAM_QUEUE,
      workflowBundle: await flowsBundle(),
      plugins: [new BlocklistPlugin({ codecKeys: [], serve: { environment } })],
    });
    await expect(worker.run()).rejects.toMatchObject({ code });
    await connection.close();
    await surroundings.close();
  });
});
