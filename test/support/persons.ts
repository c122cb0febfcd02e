// The people that test flows write to, and what they do: they reply, opt out, buy things. All of it through the storage, as the
// gateway and the services would.
import { randomUUID } from 'node:crypto';
import type { Contact } from '../../src/domain/contact.js';
import { INBOUND_MESSAGES, TASK_QUEUES, WORKFLOW_TYPES } from '../../src/domain/names.js';
import { inboundWorkflowId } from '../../src/domain/shard.js';
import type { Covers } from '../../src/domain/scope.js';
import type { LoggedMessage } from '../../src/providers/sandbox/log-line.js';
import { recordEvent } from '../../src/storage/events.js';
import { haltStore } from '../../src/storage/halts.js';
import type { InboundReply } from '../../src/storage/inbox.js';
import type { Storage } from '../../src/storage/storage.js';
import type { Client } from '@temporalio/client';

export class Persons {
  readonly #destinations = new Map<string, string>();
  #made = 0;

  constructor(
    private readonly storage: Storage,
    private readonly client: Client,
    private readonly sandboxUrl: string,
  ) {}

  /** Somebody whom nobody else has written to. */
  async make(kind: 'phone' | 'email' = 'phone', accountKey?: string): Promise<Contact> {
    this.#made += 1;
    const value = kind === 'phone' ? String(385_910_000_000 + this.#made) : `person-${this.#made}@example.com`;
    const { rootId } = await this.storage.accounts.get(accountKey);
    const [id] = await this.storage.contacts.resolve(rootId, [{ kind, value }]);
    if (id === undefined) throw new Error('no contact came back');
    this.#destinations.set(id, value);
    return { id };
  }

  /** What the sandbox has accepted for the person, confirmations apart. */
  async messagesTo(contact: Contact): Promise<readonly LoggedMessage[]> {
    const response = await fetch(`${this.sandboxUrl}/messages?to=${encodeURIComponent(this.destination(contact))}`);
    const { messages } = (await response.json()) as { messages: LoggedMessage[] };
    return messages.filter(({ kind }) => kind === 'message');
  }

  async textsTo(contact: Contact): Promise<readonly string[]> {
    return (await this.messagesTo(contact)).map(({ text }) => text);
  }

  /** Stored and acknowledged when this resolves. */
  async reply(contact: Contact, text: string, more: Partial<InboundReply> = {}): Promise<void> {
    const from = this.destination(contact);
    const messageId = randomUUID();
    const reply = {
      provider: 'sandbox',
      messageId,
      from,
      to: '10950',
      channel: 'SMS',
      text,
      receivedAt: new Date(),
    } as const;
    const { shards } = await this.storage.inbox.receive([{ ...reply, ...more }]);
    for (const shard of shards) {
      await this.client.workflow.signalWithStart(WORKFLOW_TYPES.inbound, {
        workflowId: inboundWorkflowId(shard),
        taskQueue: TASK_QUEUES.single,
        args: [{ shard }],
        signal: INBOUND_MESSAGES.wake,
      });
    }
  }

  async answersSurvey(
    contact: Contact,
    properties: Readonly<Record<string, unknown>>,
    id: string = randomUUID(),
  ): Promise<void> {
    const event = { id, contact, event: 'surveyAnswered', properties, at: new Date().toISOString() };
    await this.storage.db.transaction((tx) => recordEvent(tx, event));
  }

  /** An operator's opt-out. */
  async optOut(contact: Contact, covers: Covers = 'ALL'): Promise<void> {
    const { id: accountId } = await this.storage.accounts.get();
    const change = { accountId, contactId: contact.id, source: 'CUSTOM', receivedAt: new Date(), covers } as const;
    await this.storage.optOuts.optOut([{ ...change, actor: 'operator:test' }]);
  }

  /** Holds everything from this sender, until the answer is called. */
  async halt(sender: string): Promise<() => Promise<void>> {
    const halts = haltStore(this.storage.db);
    const account = await this.storage.accounts.get();
    await halts.halt(account, { sender }, 'test', 'operator:test');
    return async () => void (await halts.resume(account, { sender }, 'operator:test'));
  }

  /** No provider takes what goes to the person. */
  async refuse(contact: Contact): Promise<void> {
    const rule = { mode: 'rateLimit', to: this.destination(contact) };
    await fetch(`${this.sandboxUrl}/faults`, { method: 'POST', body: JSON.stringify({ rules: [rule] }) });
  }

  /** Flows that hear of the person. */
  async flowsOf(contact: Contact): Promise<readonly string[]> {
    const found = await this.storage.db.query<{ id: string }>(
      'select workflow_id as id from flow_contacts where contact_id = $1 order by id',
      [contact.id],
    );
    return found.rows.map(({ id }) => id);
  }

  /** What the ledger says of the person, oldest first. */
  async ledgerOf(contact: Contact): Promise<readonly LedgerLine[]> {
    const found = await this.storage.db.query<LedgerLine>(
      `select e.kind, e.effect, e.source, c.reference as campaign, e.evidence
       from blocklist_events e left join campaigns c on c.id = e.campaign_id
       where e.contact_id = $1 order by e.id`,
      [contact.id],
    );
    return found.rows;
  }

  private destination({ id }: Contact): string {
    const destination = this.#destinations.get(id);
    if (destination === undefined) throw new Error(`contact ${id} was not made here`);
    return destination;
  }
}

export interface LedgerLine {
  readonly kind: string;
  readonly effect: string;
  readonly source: string;
  readonly campaign: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly [column: string]: unknown;
}
