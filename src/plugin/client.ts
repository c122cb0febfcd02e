// What services use: contacts for destinations, questions, and the events they report. Needs a Temporal client only; what it
// asks runs on the shared workers, so services hold no database secret.
import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import type { Workflow } from '@temporalio/common';
import type { SendingChannel } from '../domain/channel.js';
import type { Contact } from '../domain/contact.js';
import { INBOUND_MESSAGES, TASK_QUEUES, WORKFLOW_TYPES } from '../domain/names.js';
import type { Level, Purpose } from '../domain/scope.js';
import { inboundWorkflowId, shardOf } from '../domain/shard.js';
import type {
  ClientRequest,
  ContactEvent,
  FindResult,
  InboundEvent,
  OptResult,
  ReceiveResult,
} from '../domain/step-activities.js';
import { asBlocklistError } from './client-errors.js';
import { openClient, type BlocklistClientOptions, type OpenedClient } from './client-options.js';

const DEFAULT_TIMEOUT_MS = 30_000;
/** The server ends a request a little before the client stops waiting, so that the clearer of both errors wins. */
const GRACE_MS = 2_000;

/** A reply as a provider delivers it. */
export type InboundReply = Omit<Extract<InboundEvent, { kind: 'reply' }>, 'kind'>;

export interface CheckQuestion {
  readonly contacts: readonly Contact[];
  readonly channel: SendingChannel;
  readonly sender?: string;
  readonly purpose?: Purpose;
  readonly account?: string;
}

export interface OptCommand {
  readonly contact: Contact;
  readonly level: Level;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly account?: string;
  readonly campaign?: string;
  /** Who does it; kept in the ledger. */
  readonly actor: string;
  readonly reason?: string;
}

/**
 * Every call ends with an answer or a BlocklistError whose `retryable` says whether to try again.
 *
 * @example
 * const contact = await new BlocklistClient().contact('+385 91 555 0123');
 */
export class BlocklistClient {
  readonly #opened: OpenedClient;
  readonly #timeoutMs: number;

  constructor(options: BlocklistClientOptions = {}) {
    this.#opened = openClient(options);
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** The Temporal client in use: start your flows with it. */
  get client(): Client {
    return this.#opened.client;
  }

  /** The contact that stands for a phone number or e-mail address; the same one every time. */
  contact(
    destination: string,
    options: { readonly defaultCountry?: string; readonly account?: string } = {},
  ): Promise<Contact> {
    const { defaultCountry, account } = options;
    return this.#request<Contact>({
      kind: 'contact',
      destination,
      ...(defaultCountry === undefined ? {} : { defaultCountry }),
      ...(account === undefined ? {} : { accountKey: account }),
    });
  }

  /** Who of these may be written to, in their order. */
  async check({ account, ...question }: CheckQuestion): Promise<FindResult['results']> {
    const input = { ...question, ...(account === undefined ? {} : { accountKey: account }) };
    return (await this.#request<FindResult>({ kind: 'find', input })).results;
  }

  /** Report a product event of a person. The id makes it count once, however often it is reported. */
  async event(
    event: Omit<ContactEvent, 'at' | 'properties'> & Partial<Pick<ContactEvent, 'at' | 'properties'>>,
  ): Promise<void> {
    await this.#request<unknown>({
      kind: 'event',
      event: { ...event, properties: event.properties ?? {}, at: event.at ?? new Date().toISOString() },
    });
  }

  /** Put a contact on the blocklist. From the answer on nothing in scope is handed to a provider. */
  optOut(command: OptCommand): Promise<OptResult> {
    return this.#opt('optOut', command);
  }

  optIn(command: OptCommand): Promise<OptResult> {
    return this.#opt('optIn', command);
  }

  /** Hand over a reply. From the answer on nothing new goes out to the person until it has been read. */
  reply(reply: InboundReply): Promise<ReceiveResult> {
    return this.#receive(reply.from, { kind: 'reply', ...reply });
  }

  /** Act on an opt-out link that was pressed. From the answer on nothing in its scope is handed to a provider. */
  optOutLink(token: string, receivedAt: Date = new Date()): Promise<ReceiveResult> {
    return this.#receive(token, { kind: 'optOutLink', token, receivedAt: receivedAt.toISOString() });
  }

  /**
   * Hand over a reply without waiting: cheaper than `reply`, but it counts only when it is drained, and what was being
   * sent meanwhile still goes out.
   */
  async signalReply(reply: InboundReply): Promise<void> {
    const event: InboundEvent = { kind: 'reply', ...reply };
    await this.#call(() =>
      this.client.workflow.signalWithStart(WORKFLOW_TYPES.inbound, {
        ...inboundStart(reply.from),
        signal: INBOUND_MESSAGES.signal,
        signalArgs: [[event]],
      }),
    );
  }

  /** Close the connection, if it was not the caller's. */
  close(): Promise<void> {
    return this.#opened.close();
  }

  #opt(kind: 'optOut' | 'optIn', { account, ...command }: OptCommand): Promise<OptResult> {
    return this.#request<OptResult>({ kind, ...command, ...(account === undefined ? {} : { accountKey: account }) });
  }

  #receive(about: string, event: InboundEvent): Promise<ReceiveResult> {
    return this.#call(() =>
      this.client.workflow.executeUpdateWithStart<Workflow, ReceiveResult, [readonly InboundEvent[]]>(
        INBOUND_MESSAGES.receive,
        {
          args: [[event]],
          startWorkflowOperation: new WithStartWorkflowOperation(WORKFLOW_TYPES.inbound, {
            ...inboundStart(about),
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        },
      ),
    );
  }

  #request<Answer>(request: ClientRequest): Promise<Answer> {
    return this.#call(() =>
      this.client.workflow.execute<(request: ClientRequest) => Promise<Answer>>(WORKFLOW_TYPES.request, {
        taskQueue: TASK_QUEUES.single,
        workflowId: `blocklist-request-${randomUUID()}`,
        args: [request],
        workflowExecutionTimeout: this.#timeoutMs,
      }),
    );
  }

  async #call<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await this.client.withDeadline(Date.now() + this.#timeoutMs + GRACE_MS, call);
    } catch (error) {
      throw asBlocklistError(error);
    }
  }
}

/** Any shard is right for anybody; the same person's events should still stay together. */
function inboundStart(about: string): { taskQueue: string; workflowId: string; args: [{ shard: number }] } {
  const shard = shardOf(about);
  return { taskQueue: TASK_QUEUES.single, workflowId: inboundWorkflowId(shard), args: [{ shard }] };
}
