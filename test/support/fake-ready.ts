// Stands in for the shared workers where a test is about the workflow side alone: activities with the real names on the real
// task queue, over a map instead of a database.
import { createHash } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { blockedCode, CODES } from '../../src/domain/codes.js';
import type { HoldReason, SendOutcome } from '../../src/domain/outcome.js';
import type {
  CheckInput,
  CheckResult,
  DispatchInput,
  EventSignal,
  FlowOptInput,
  OptOutSignal,
  OptResult,
  RegisterFlowInput,
  ReplySignal,
  StepActivities,
} from '../../src/domain/step-activities.js';

interface Permit {
  readonly contactId: string;
  readonly validUntil: number;
  outcome?: SendOutcome;
}

export class FakeReady implements StepActivities {
  readonly checks: CheckInput[] = [];
  readonly sent: (DispatchInput & { readonly contactId: string })[] = [];
  readonly registered: RegisterFlowInput[] = [];
  readonly opted: ({ readonly kind: 'optOut' | 'optIn' } & FlowOptInput)[] = [];
  readonly blocked = new Set<string>();
  readonly held = new Map<string, { readonly reason: HoldReason; readonly until?: string }>();
  /** Contacts whose checks fail as they do without storage. */
  readonly withoutStorage = new Set<string>();
  /** Contacts whose messages no provider takes. */
  readonly withoutProvider = new Set<string>();
  readonly #permits = new Map<string, Permit>();

  blocklistCheck = (input: CheckInput): Promise<CheckResult> => {
    if (this.withoutStorage.has(input.to.id))
      throw ApplicationFailure.retryable('storage is down', 'STORAGE_UNAVAILABLE');
    if (input.quietHours?.timeZone === 'Nowhere/Land') {
      throw ApplicationFailure.nonRetryable('quietHours.timeZone: is no time zone', 'INVALID_INPUT');
    }
    this.checks.push(input);
    const key = JSON.stringify([input.flow, input.step]);
    const permitId = createHash('sha256').update(key).digest('hex').slice(0, 32);
    const permit = this.#permits.get(permitId) ?? {
      contactId: input.to.id,
      validUntil: Date.now() + (input.validForSeconds ?? 0) * 1000,
    };
    this.#permits.set(permitId, permit);
    return Promise.resolve(this.#decide(permitId, permit));
  };

  blocklistDispatch = (input: DispatchInput): Promise<SendOutcome> => {
    const permit = this.#permits.get(input.permitId);
    if (permit === undefined) throw ApplicationFailure.nonRetryable('no such permit', 'NOT_FOUND');
    if (this.withoutProvider.has(permit.contactId)) {
      throw ApplicationFailure.retryable('the provider refuses', 'PROVIDER_UNAVAILABLE');
    }
    const decision = this.#decide(input.permitId, permit);
    if (decision.outcome !== 'permitted') return Promise.resolve(decision);
    permit.outcome = { outcome: 'sent', permitId: input.permitId, at: new Date().toISOString(), code: CODES.accepted };
    this.sent.push({ ...input, contactId: permit.contactId });
    return Promise.resolve(permit.outcome);
  };

  blocklistFind: StepActivities['blocklistFind'] = ({ contacts }) =>
    Promise.resolve({
      results: contacts.map(({ id }) =>
        this.blocked.has(id)
          ? {
              contactId: id,
              blocked: true as const,
              explanation: {
                entryId: '1',
                source: 'MO',
                since: '2027-01-01T00:00:00Z',
                accountKey: '0'.repeat(31) + '1',
                covers: 'ALL',
              },
            }
          : { contactId: id, blocked: false as const },
      ),
    });

  blocklistRegisterFlow = (input: RegisterFlowInput): Promise<void> => {
    this.registered.push(input);
    return Promise.resolve();
  };

  blocklistOptOut = (input: FlowOptInput): Promise<OptResult> => {
    this.opted.push({ kind: 'optOut', ...input });
    this.blocked.add(input.contact.id);
    return Promise.resolve({ eventIds: ['11'], effect: 'added' });
  };

  blocklistOptIn = (input: FlowOptInput): Promise<OptResult> => {
    this.opted.push({ kind: 'optIn', ...input });
    this.blocked.delete(input.contact.id);
    return Promise.resolve({ eventIds: ['12'], effect: 'removed' });
  };

  /** Texts handed to the provider for a contact. */
  textsTo(contact: { readonly id: string }): string[] {
    return this.sent.filter(({ contactId }) => contactId === contact.id).map(({ text }) => text);
  }

  /** What the shared workers would signal. */
  optOutSignal(contact: { readonly id: string }, more: Partial<OptOutSignal> = {}): OptOutSignal {
    return {
      contactId: contact.id,
      eventId: '77',
      source: 'MO',
      campaign: 'spring-2027',
      at: '2027-03-01T10:00:00Z',
      ...more,
    };
  }

  replySignal(contact: { readonly id: string }, text: string, more: Partial<ReplySignal> = {}): ReplySignal {
    const keyword = text.split(' ')[0]?.toUpperCase() ?? '';
    return {
      contactId: contact.id,
      inboxId: `inbox ${text}`,
      text,
      keyword,
      receivedAt: '2027-03-01T10:00:00Z',
      ...more,
    };
  }

  eventSignal(
    contact: { readonly id: string },
    properties: EventSignal['properties'],
    eventId = 'event-1',
  ): EventSignal {
    return { contactId: contact.id, event: 'surveyAnswered', eventId, properties, at: '2027-03-01T10:00:00Z' };
  }

  #decide(permitId: string, permit: Permit): CheckResult {
    if (permit.outcome !== undefined) return permit.outcome;
    if (this.blocked.has(permit.contactId))
      return (permit.outcome = { outcome: 'blocked', permitId, code: blockedCode('SMS') });
    if (Date.now() > permit.validUntil) return (permit.outcome = { outcome: 'expired', permitId, code: CODES.expired });
    const hold = this.held.get(permit.contactId);
    return hold === undefined ? { outcome: 'permitted', permitId } : { outcome: 'held', permitId, ...hold };
  }
}
