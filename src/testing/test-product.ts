// The whole product for one test file, in this process: a database, a Temporal server (or the caller's), the shared workers, a
// sandbox, and a worker with the flows under test. Real parts, which vanish with `close`.
import { randomBytes, randomUUID } from 'node:crypto';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import { NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker';
import { readConfig } from '../config.js';
import { createDatabase } from '../dev/postgres-databases.js';
import { ScratchServers } from '../dev/scratch-servers.js';
import type { MessageFacts } from '../domain/destination-history.js';
import { normaliseAtTheDoor } from '../domain/destinations.js';
import { BlocklistError } from '../domain/errors.js';
import type { OptResult } from '../domain/step-activities.js';
import { BlocklistPlugin } from '../plugin/blocklist-plugin.js';
import { BlocklistClient, type OptCommand } from '../plugin/client.js';
import { openActivities } from '../plugin/serve.js';
import { startSharedWorkers } from '../plugin/shared-workers.js';
import type { LoggedMessage } from '../providers/sandbox/log-line.js';
import { destinationHistory } from '../storage/destination-history.js';
import { migrate } from '../storage/migrate.js';
import type { Storage } from '../storage/storage.js';
import { samplePeople, type Person } from './people.js';
import { openTestSandbox, type TestSandbox } from './test-sandbox.js';

export interface TestProductOptions {
  /** The worker of the flows under test: `workflowsPath`, `activities` and whatever else it needs. */
  readonly flows?: Omit<WorkerOptions, 'connection' | 'namespace' | 'taskQueue'>;
  /** A server that runs already; default: one of its own. The queues have fixed names, so share no namespace. */
  readonly temporal?: { readonly address: string; readonly namespace?: string };
  /** A database of this test alone, empty or of this schema; default: one of its own. */
  readonly databaseUrl?: string;
  /** How long `sent` and `blocked` wait; default 20 seconds. */
  readonly waitMs?: number;
}

export interface TestProduct {
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly blocklist: BlocklistClient;
  readonly sandbox: TestSandbox;
  /** Settings of the product, for processes and plugins of your own: payloads are encrypted here as anywhere. */
  readonly environment: Readonly<
    Record<'BLOCKLIST_DATABASE_URL' | 'BLOCKLIST_HASH_KEY' | 'BLOCKLIST_CODEC_KEY', string>
  > &
    Readonly<Record<string, string>>;
  /** Somebody new, with a phone number or an e-mail address. */
  person(kind?: 'phone' | 'email'): Promise<Person>;
  /** Start a flow of the worker under test. */
  start<F extends Workflow>(
    flow: F | string,
    ...args: Parameters<F>
  ): Promise<WorkflowHandleWithFirstExecutionRunId<F>>;
  /** Put the person on the list by hand (source `CUSTOM`): for one sender of a channel, or everything without a scope. */
  block(person: Person, scope?: Required<Pick<OptCommand, 'channel' | 'sender'>>): Promise<OptResult>;
  /** The person answers the last message to him. From the answer on nothing new goes out to him until it is read. */
  reply(person: Person, text: string): Promise<void>;
  /** The person presses the opt-out link in the last message to him. */
  pressOptOutLink(person: Person): Promise<void>;
  /** Report a product event of the person. */
  event(person: Person, event: string, properties?: Readonly<Record<string, unknown>>): Promise<void>;
  /** Wait until the sandbox has taken so many messages to the person (default 1), and give all it has. */
  sent(person: Person, count?: number): Promise<readonly LoggedMessage[]>;
  /** Wait until so many messages to the person have been blocked, and give all of them with what blocked them. */
  blocked(person: Person, count?: number): Promise<readonly MessageFacts[]>;
  close(): Promise<void>;
}

const FLOWS_QUEUE = 'test-flows';
const WAIT_MS = 20_000;
const LOOK_EVERY_MS = 25;

/** Start the product, do the work, and take the product down again whatever happens. */
export async function withBlocklist<Result>(
  options: TestProductOptions,
  work: (product: TestProduct) => Promise<Result>,
): Promise<Result> {
  const product = await startTestProduct(options);
  try {
    return await work(product);
  } finally {
    await product.close();
  }
}

/** @throws BlocklistError when a part cannot be started; what was started by then is stopped. */
export async function startTestProduct(options: TestProductOptions = {}): Promise<TestProduct> {
  // Each closes what was opened, the last one first.
  const closings: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const closing of closings.splice(0).reverse()) await closing();
  };
  try {
    return { ...(await open(options, closings)), close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

async function open(
  { flows, waitMs = WAIT_MS, ...options }: TestProductOptions,
  closings: (() => Promise<unknown>)[],
): Promise<Omit<TestProduct, 'close'>> {
  const servers = new ScratchServers();
  closings.push(() => servers.stop());
  const [databaseUrl, temporal] = await Promise.all([
    options.databaseUrl ?? ownDatabase(servers),
    options.temporal ?? servers.startTemporal(),
  ]);
  await migrate(databaseUrl);
  const sandbox = await openTestSandbox();
  closings.push(() => sandbox.close());

  const { address } = temporal;
  const namespace = ('namespace' in temporal ? temporal.namespace : undefined) ?? 'default';
  const environment = {
    BLOCKLIST_DATABASE_URL: databaseUrl,
    BLOCKLIST_HASH_KEY: randomBytes(16).toString('hex'),
    BLOCKLIST_CODEC_KEY: `test:${randomBytes(32).toString('base64')}`,
    BLOCKLIST_SANDBOX_URL: sandbox.url,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  };
  const codecKeys = environment.BLOCKLIST_CODEC_KEY;
  const blocklist = new BlocklistClient({ address, namespace, codecKeys });
  closings.push(() => blocklist.close());
  const { client } = blocklist;
  const connection = await NativeConnection.connect({ address });
  closings.push(() => connection.close());
  const opened = await openActivities(readConfig(environment), { client });
  closings.push(() => opened.close());

  const common = { connection, namespace, codecKeys };
  const shared = await startSharedWorkers({ ...common, activities: opened.single, bulkActivities: opened.bulk });
  closings.push(stopping(shared.run(), () => shared.shutdown()));
  if (flows !== undefined) {
    const plugins = [...(flows.plugins ?? []), new BlocklistPlugin({ codecKeys })];
    const worker = await Worker.create({ shutdownGraceTime: '1 s', ...flows, ...workerPlace(common), plugins });
    closings.push(stopping(worker.run(), () => worker.getState() === 'RUNNING' && worker.shutdown()));
  }

  const samples = samplePeople();
  const last = async ({ destination }: Person): Promise<LoggedMessage> => {
    const message = (await sandbox.messages(destination)).at(-1);
    if (message === undefined)
      throw new BlocklistError('NOT_FOUND', 'nothing was sent to this person yet: wait for `sent` first');
    return message;
  };
  return {
    temporal: { address, namespace },
    blocklist,
    sandbox,
    environment,
    async person(kind = 'phone') {
      const destination = samples[kind]();
      return { contact: await blocklist.contact(kind === 'phone' ? `+${destination}` : destination), destination };
    },
    start: <F extends Workflow>(flow: F | string, ...args: Parameters<F>) =>
      client.workflow.start<Workflow>(flow, {
        taskQueue: FLOWS_QUEUE,
        workflowId: `${typeof flow === 'string' ? flow : flow.name}-${randomUUID()}`,
        args,
      }) as Promise<WorkflowHandleWithFirstExecutionRunId<F>>,
    block: ({ contact }, scope) =>
      blocklist.optOut({
        contact,
        level: scope === undefined ? 'FROM_ANY_SENDER' : 'FROM_SENDER',
        actor: 'test',
        ...scope,
      }),
    async reply(person, text) {
      const { sender, channel, messageId } = await last(person);
      const received = await blocklist.reply({
        provider: 'sandbox',
        messageId: randomUUID(),
        from: person.destination,
        to: sender,
        channel,
        text,
        receivedAt: new Date().toISOString(),
        inReplyTo: messageId,
      });
      if (received.accepted !== 1) throw new BlocklistError('INVALID_INPUT', 'the reply was not taken');
    },
    async pressOptOutLink(person) {
      const [, token] = /\/u\/([\w.-]+)/.exec((await last(person)).text) ?? [];
      if (token === undefined) throw new BlocklistError('NOT_FOUND', 'the last message has no {{optOutLink}}');
      await blocklist.optOutLink(token);
    },
    event: ({ contact }, event, properties = {}) => blocklist.event({ id: randomUUID(), contact, event, properties }),
    sent: ({ destination }, count = 1) => atLeast(count, waitMs, 'messages sent', () => sandbox.messages(destination)),
    blocked: (person, count = 1) => atLeast(count, waitMs, 'messages blocked', () => blockedOf(opened.storage, person)),
  };
}

async function ownDatabase(servers: ScratchServers): Promise<string> {
  const { adminUrl } = await servers.startPostgres();
  return createDatabase(adminUrl, 'blocklist');
}

function workerPlace({ connection, namespace }: { readonly connection: NativeConnection; readonly namespace: string }) {
  return { connection, namespace, taskQueue: FLOWS_QUEUE };
}

/** A worker that fails meanwhile is told of when the product is closed. */
function stopping(run: Promise<void>, shutdown: () => unknown): () => Promise<void> {
  run.catch(() => undefined);
  return async () => {
    shutdown();
    await run;
  };
}

async function blockedOf(
  { db, contacts, accounts }: Storage,
  { destination }: Person,
): Promise<readonly MessageFacts[]> {
  const read = normaliseAtTheDoor(destination, destination.includes('@') ? 'EMAIL' : 'SMS');
  if (!read.ok) throw new BlocklistError('INVALID_DESTINATION', 'the destination of this person cannot be read');
  const { messages } = await destinationHistory(db, contacts, await accounts.get(), read.destination);
  return messages.filter(({ state }) => state === 'blocked' || state === 'revoked');
}

async function atLeast<T>(
  count: number,
  waitMs: number,
  what: string,
  read: () => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const found = await read();
    if (found.length >= count) return found;
    if (Date.now() > deadline) {
      throw new BlocklistError('NOT_FOUND', `waited ${waitMs} ms for ${count} ${what}, there are ${found.length}`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
