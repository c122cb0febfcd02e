// What the workers of a schedule do beside sending: each step by the product's own code, with the test's short window.
import { LIFT_TABLE } from '../../src/domain/lifts.js';
import { accountStore, type Account } from '../../src/storage/accounts.js';
import { contactPointStore } from '../../src/storage/contact-points.js';
import { haltStore } from '../../src/storage/halts.js';
import { inboxStore } from '../../src/storage/inbox.js';
import { optOutStore, type OptIn, type OptOut } from '../../src/storage/opt-outs.js';
import type { Caller } from './caller.js';
import { drain, UNREADABLE } from './drain.js';
import type { Operation } from './race-database.js';
import type { HaltStep, OptInStep, OptOutStep, ReadStep, ReplyStep } from './schedule.js';
import type { AccountName } from './stage.js';
import { pause, type Wait } from './wait.js';
import { TEST_HASH_KEY } from './world.js';

/** As much of a caller as matters here. */
export type Cast = Pick<Caller, 'db' | 'stage' | 'trace' | 'permits'>;

/** Operations are dated by hand; the dates only have to be of one kind. */
export const receivedAt = (seconds: number): Date => new Date(Date.UTC(2030, 0, 1) + seconds * 1000);

const operation = (tag: string, { crash }: Pick<Operation, 'crash'>): Operation =>
  crash === undefined ? { tag } : { tag, crash };

export async function optOut(caller: Cast, step: OptOutStep): Promise<void> {
  const { stage, trace, db } = caller;
  const tag = trace.nextTag('optOut');
  const items = step.targets.map((target): OptOut => ({
    accountId: stage.accounts[step.account].id,
    contactId: stage.contacts[target].id,
    source: step.source,
    covers: step.covers,
    complaint: step.complaint,
    campaignId: stage.campaigns[step.campaign ?? 'first'],
    receivedAt: receivedAt(step.receivedAt),
    actor: tag,
    domain: target === 'domain',
    ...scopeOf(step),
  }));
  await optOutStore(db.as(operation(tag, step)), caller.permits).optOut(items);
  trace.add({ kind: 'optOutAcknowledged', tag });
}

export async function optIn(caller: Cast, step: OptInStep): Promise<void> {
  const { stage, trace, db } = caller;
  const tag = trace.nextTag('optIn');
  trace.add({ kind: 'optInBegun', tag });
  const common = {
    accountId: stage.accounts[step.account].id,
    contactId: stage.contacts[step.target].id,
    receivedAt: receivedAt(step.receivedAt),
    actor: tag,
    ...scopeOf(step),
  };
  const optOuts = optOutStore(db.as(operation(tag, step)), caller.permits);
  await optOuts.optIn([{ ...common, ...ACTORS[step.actor](step) }]);
}

const ACTORS: Record<
  OptInStep['actor'],
  (step: OptInStep) => Pick<OptIn, 'source' | 'sources' | 'exact' | 'complaint'>
> = {
  PERSON: () => ({ source: 'MO', sources: LIFT_TABLE.PERSON_KEYWORD.sources }),
  FLOW: () => ({ source: 'CAMPAIGN', sources: LIFT_TABLE.FLOW_OPT_IN_WITHOUT_PROOF.sources }),
  OPERATOR: (step) => ({ source: 'CUSTOM', sources: [step.source], exact: true }),
  OPERATOR_WITH_OVERRIDE: (step) => ({ source: 'CUSTOM', sources: [step.source], exact: true, complaint: true }),
};

export async function reply(caller: Cast, step: ReplyStep): Promise<void> {
  const { db, trace, stage } = caller;
  const contacts = contactPointStore(db, TEST_HASH_KEY);
  const tag = trace.nextTag('reply');
  const inbox = inboxStore(db.as({ tag }), accountStore(db), contacts, caller.permits);
  const messageId = `${stage.rootId}-${tag}`;
  const deliver = async (): Promise<void> => {
    await inbox.receive([
      {
        provider: 'race',
        messageId,
        from: stage.contacts[step.person].value,
        to: step.text === 'unreadable' ? UNREADABLE : step.sender,
        channel: step.person.startsWith('mail') ? 'EMAIL' : 'SMS',
        text: step.text,
        receivedAt: receivedAt(step.receivedAt),
        accountKey: stage.accounts.sub.key,
      },
    ]);
    trace.add({ kind: 'replyAcknowledged', messageId });
  };
  await Promise.all(step.twice ? [deliver(), deliver()] : [deliver()]);
}

export async function read(caller: Cast, step: Pick<ReadStep, 'crash'>): Promise<void> {
  const tag = caller.trace.nextTag('read');
  caller.trace.add({ kind: 'readingBegun', tag });
  await drain(caller.db, caller.stage, operation(tag, step));
}

export async function halt(
  caller: Cast,
  { account: name, resumeAfter, ...scope }: Omit<HaltStep, 'kind' | 'resumeAfter'> & { readonly resumeAfter: Wait },
): Promise<void> {
  const { db, trace } = caller;
  const tag = trace.nextTag('halt');
  const account = accountOf(caller, name);
  const halts = haltStore(db, caller.permits.windowMs);
  const { halt, isNew } = await halts.halt(account, scopeOf(scope), 'race', tag);
  // Another worker may have halted the same scope before; that halt is his to acknowledge and to end.
  if (!isNew) return;
  trace.add({ kind: 'haltAcknowledged', tag, scope: { account: name, ...scope } });
  await pause(resumeAfter);
  trace.add({ kind: 'resumeBegun', tag });
  await halts.resume(account, { id: halt.id }, tag);
}

function accountOf({ stage }: Cast, name: AccountName): Account {
  const { id, key } = stage.accounts[name];
  return { id, key, rootId: stage.rootId, ancestors: name === 'root' ? [id] : [stage.rootId, id] };
}

function scopeOf(step: Pick<OptOutStep, 'channel' | 'sender'>) {
  return {
    ...(step.channel === undefined ? {} : { channel: step.channel }),
    ...(step.sender === undefined ? {} : { sender: step.sender }),
  };
}
