// The plugin on a team's worker and client: what it adds, what it leaves alone, and what it refuses.
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlocklistError } from '../src/domain/errors.js';
import { BlocklistPlugin } from '../src/plugin/blocklist-plugin.js';
import { BlocklistCodec } from '../src/plugin/codec.js';
import { untilSent, untilSignalled } from './support/flow-team.js';
import { FLOWS_PATH, installRuntime, startTeam, type Team } from './support/team.js';

const CODEC_KEYS = `2027-01:${randomBytes(32).toString('base64')}`;
const withCodec = (): BlocklistPlugin => new BlocklistPlugin({ codecKeys: CODEC_KEYS });
const withoutCodec = (): BlocklistPlugin => new BlocklistPlugin({ codecKeys: [] });

/** A codec of the team's own: turns every byte round. */
const flipping: PayloadCodec = {
  encode: (payloads) => Promise.resolve(payloads.map(flip)),
  decode: (payloads) => Promise.resolve(payloads.map(flip)),
};
function flip(payload: Payload): Payload {
  return { metadata: payload.metadata ?? {}, data: Buffer.from(payload.data ?? []).map((byte) => byte ^ 0xff) };
}

describe('with a codec', () => {
  let team: Team;
  let clear: Client;
  beforeAll(async () => {
    team = await startTeam({ codecKeys: CODEC_KEYS });
    clear = new Client({ connection: team.client.connection, namespace: team.namespace });
  });
  afterAll(() => team.close());

  /** Everything the server keeps of a workflow, payloads as text. */
  const stored = async (workflowId: string): Promise<string> =>
    textsIn((await clear.workflow.getHandle(workflowId).fetchHistory()).events).join('\n');

  it('a flow runs end to end, and its history shows no text, campaign, reply or event', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('winBack', [contact, 'spring-2027']);
    await untilSent(team, contact);
    await team.persons.reply(contact, 'Yes to my secret address');
    await untilSent(team, contact, 2);
    await team.persons.answersSurvey(contact, { score: 1, remark: 'not nice' });
    expect(await handle.result()).toEqual({ rule: 'unhappy', matched: true, effect: 'added' });
    const history = await stored(handle.workflowId);
    expect(history).toContain('binary/encrypted');
    expect(history).not.toMatch(/We miss you|BACK20|spring-2027|10950|secret address|not nice|unhappy|json\/plain/);
  });

  it('what continues as new is handed over encrypted too', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('rounds', [contact, 1]);
    await untilSent(team, contact);
    await team.persons.reply(contact, 'Kept to myself');
    await untilSignalled(handle, 'blocklistReply');
    await handle.signal('proceed');
    expect(await handle.result()).toMatchObject({ text: 'Kept to myself' });
    const last = await stored(handle.workflowId);
    expect(last).toContain('blocklistFlow');
    expect(last).not.toContain('Kept to myself');
  });

  it('messages and stacks of errors are encrypted, and clients with the plugin read them', async () => {
    const handle = await team.start('sendOne', [
      { to: await team.persons.make(), channel: 'FAX', sender: '1', text: 'T' },
    ]);
    const error: unknown = await handle.result().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect((error as WorkflowFailedError).cause?.message).toBe(
      'sendMessage: channel: must be one of SMS, MMS, VIBER, RCS, EMAIL',
    );
    const history = await stored(handle.workflowId);
    expect(history).toContain('Encoded failure');
    expect(history).not.toMatch(/must be one of|checkMessage/);
  });

  it('histories replay with the plugin, and say which key is missing without it', async () => {
    const handle = await team.start('sendOne', [
      { to: await team.persons.make(), channel: 'SMS', sender: '1', text: 'T' },
    ]);
    await handle.result();
    const history = await clear.workflow.getHandle(handle.workflowId).fetchHistory();
    await Worker.runReplayHistory({ workflowsPath: FLOWS_PATH, plugins: [withCodec()] }, history, handle.workflowId);
    const other = new BlocklistPlugin({ codecKeys: `another:${randomBytes(32).toString('base64')}` });
    const otherClient = new Client({ connection: team.client.connection, namespace: team.namespace, plugins: [other] });
    await expect(otherClient.workflow.getHandle(handle.workflowId).result()).rejects.toThrow(
      /encrypted with the key 2027-01, which BLOCKLIST_CODEC_KEY does not list/,
    );
  });
});

describe('beside what a team has of its own', () => {
  it('keeps its codecs inside, its converters, and its interceptors of every kind', () => {
    const interceptors = { workflow: [{}], schedule: [{}], activity: [{}], nexus: [{}] };
    const dataConverter = {
      payloadCodecs: [flipping],
      failureConverterPath: '/their/own.cjs',
      payloadConverterPath: '/their/payload.cjs',
    };
    const client = withCodec().configureClient({ interceptors, dataConverter });
    expect(client.interceptors).toBe(interceptors);
    expect(client.dataConverter).toMatchObject({
      failureConverterPath: '/their/own.cjs',
      payloadConverterPath: '/their/payload.cjs',
    });
    expect(client.dataConverter?.payloadCodecs).toEqual([flipping, expect.any(BlocklistCodec)]);

    const theirs: WorkerOptions = {
      taskQueue: 'team',
      activities: { charge: () => Promise.resolve() },
      interceptors: {
        activity: [() => ({})],
        nexus: [() => ({})],
        client: interceptors,
        workflowModules: ['/their/module.js'],
      },
      sinks: { counter: { add: { fn: () => undefined } } },
      dataConverter,
    };
    const worker = withCodec().configureWorker({ ...theirs });
    for (const key of ['activities', 'interceptors', 'sinks', 'taskQueue'] as const)
      expect(worker[key]).toBe(theirs[key]);
    const bundler = withCodec().configureBundler({
      workflowsPath: '/w.ts',
      workflowInterceptorModules: ['/their/module.js'],
    });
    expect(bundler.workflowInterceptorModules?.[0]).toBe('/their/module.js');
    expect(bundler.workflowInterceptorModules).toHaveLength(2);
  });

  it('changes nothing at all where there is no key', () => {
    const options = { identity: 'me' };
    expect(withoutCodec().configureClient(options)).toBe(options);
    expect(withoutCodec().configureWorker({ taskQueue: 'team' })).toEqual({ taskQueue: 'team' });
    expect(withoutCodec().configureBundler({ workflowsPath: '/w.ts' })).not.toHaveProperty('failureConverterPath');
  });

  it("runs with the team's own codec and workflow interceptor, from sources", async () => {
    const dataConverter = { payloadCodecs: [flipping] };
    const team = await startTeam({ codecKeys: CODEC_KEYS });
    const connection = await NativeConnection.connect({ address: team.address });
    try {
      const worker = await Worker.create({
        connection,
        namespace: team.namespace,
        taskQueue: 'own',
        workflowsPath: FLOWS_PATH,
        dataConverter,
        interceptors: {
          workflowModules: [fileURLToPath(new URL('./support/flows/user-interceptor.ts', import.meta.url))],
        },
        plugins: [withCodec()],
      });
      const client = new Client({
        connection: team.client.connection,
        namespace: team.namespace,
        dataConverter,
        plugins: [withCodec()],
      });
      const result = await worker.runUntil(async () => {
        const handle = await client.workflow.start('ordinary', { taskQueue: 'own', workflowId: 'own-1' });
        await handle.signal('proceed');
        return handle.result();
      });
      expect(result).toEqual({ by: 'user', result: 'true ordinary 36' });
    } finally {
      await connection.close();
      await team.close();
    }
  });
});

describe('what cannot work is refused, with what to do', () => {
  it('a connection that brings the plugin too', async () => {
    installRuntime();
    const team = await startTeam();
    const native = await NativeConnection.connect({ address: team.address, plugins: [withoutCodec()] });
    const connection = await Connection.connect({ address: team.address, plugins: [withoutCodec()] });
    try {
      const create = Worker.create({
        connection: native,
        namespace: team.namespace,
        taskQueue: 'own',
        workflowsPath: FLOWS_PATH,
        plugins: [withoutCodec()],
      });
      await expect(create).rejects.toMatchObject({
        code: 'CONFIGURATION',
        message: expect.stringMatching(/registered 2 times/),
      });
      expect(() => new Client({ connection, plugins: [withoutCodec()] })).toThrow(/not into those of the connection/);
    } finally {
      await native.close();
      await connection.close();
      await team.close();
    }
  });

  it('a list that holds it twice, and a codec added by hand', () => {
    const plugin = withCodec();
    expect(() => new Client({ connection: Connection.lazy(), plugins: [plugin, plugin] })).toThrow(BlocklistError);
    const dataConverter = { payloadCodecs: [new BlocklistCodec([{ id: 'k', secret: randomBytes(32) }])] };
    expect(() => plugin.configureWorker({ taskQueue: 'team', dataConverter })).toThrow(/in the data converter already/);
  });

  it('activities and task queues that are ours', () => {
    const activities = { blocklistCheck: () => Promise.resolve(), charge: () => Promise.resolve() };
    expect(() => withoutCodec().configureWorker({ taskQueue: 'team', activities })).toThrow(
      'activities named blocklistCheck belong to temporal-blocklist: rename yours',
    );
    expect(() => withoutCodec().configureWorker({ taskQueue: 'blocklist-bulk' })).toThrow(
      /belongs to the shared blocklist workers/,
    );
  });

  it('steps shared by all executions', () => {
    const options = { workflowsPath: '/w.ts', preloadModules: ['temporal-blocklist/workflow'] };
    expect(() => withoutCodec().configureBundler(options)).toThrow(/cannot be among `preloadModules`/);
  });

  it('keys that are none', () => {
    expect(() => new BlocklistPlugin({ codecKeys: 'secret' })).toThrow(/BLOCKLIST_CODEC_KEY: entry 1/);
  });

  it('serving from a connection', async () => {
    const plugin = new BlocklistPlugin({
      codecKeys: [],
      serve: {},
    });
    await expect(NativeConnection.connect({ address: '127.0.0.1:1', plugins: [plugin] })).rejects.toThrow(
      /of the Worker/,
    );
  });
});

function textsIn(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('latin1')];
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, part]) => [key, ...textsIn(part)]);
  return [String(value)];
}
