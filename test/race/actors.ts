// What the workers of a schedule do: each step as the product would do it, acknowledged only behind the barrier.
import type { Database, Queryable } from '../../src/storage/database.js';
import { accountStore } from '../../src/storage/accounts.js';
import { contactPointStore } from '../../src/storage/contact-points.js';
import { inboxStore } from '../../src/storage/inbox.js';
import { LIFT_TABLE } from '../../src/domain/lifts.js';
import { pages, writeOptIns, writeOptOuts, type OptIn, type OptOut } from '../../src/storage/opt-outs.js';
import { senderKey } from '../../src/domain/sender.js';
import { pause, WINDOW_MS, type Caller } from './caller.js';
import { drain } from './drain.js';
import { mark } from './race-log.js';
import type { HaltStep, OptInStep, OptOutStep, ReadStep, ReplyStep } from './schedule.js';
import { TEST_HASH_KEY } from './world.js';

/** Operations are dated by hand; the dates only have to be of one kind. */
export const receivedAt = (seconds: number): Date => new Date(Date.UTC(2030, 0, 1) + seconds * 1000);

export async function optOut(caller: Caller, step: OptOutStep): Promise<void> {
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
    ...scopeOf(step),
  }));
  const through: Database = step.crash === undefined ? db : db.crashing(step.crash);
  for (const page of pages(items)) {
    const written = await through.transaction(async (tx) => {
      const rows = await writeOptOuts(tx, page);
      await mark(
        tx,
        tag,
        page.map(({ item }) => item.contactId),
      );
      return rows;
    });
    for (const { n, eventId } of written) {
      if (step.targets[n] === 'domain') await revokeDomain(caller, tag, eventId);
    }
  }
  if (step.targets.includes('domain') && caller.rules.barrier) await pause(WINDOW_MS);
  await caller.permits.barrier(items.map((item) => item.contactId));
  trace.add({ kind: 'optOutAcknowledged', tag });
}

async function revokeDomain({ db }: Caller, tag: string, eventId: string): Promise<void> {
  for (let after: string | null = '0'; after !== null;) {
    const from: string = after;
    after = await db.transaction(async (tx): Promise<string | null> => {
      // Pages of one, so that people of a domain are taken back at different moments.
      const page = await tx.query<{ last: string | null }>('select blocklist_revoke_domains($1, $2, 1) as last', [
        [eventId],
        from,
      ]);
      const last = page.rows[0]?.last ?? null;
      if (last !== null) await mark(tx, tag, [last]);
      return last;
    });
  }
}

export async function optIn(caller: Caller, step: OptInStep): Promise<void> {
  const { stage, trace, db } = caller;
  const tag = trace.nextTag(step.actor.startsWith('OPERATOR') ? 'operator' : 'optIn');
  trace.add({ kind: 'optInBegun', tag });
  const common = {
    accountId: stage.accounts[step.account].id,
    contactId: stage.contacts[step.target].id,
    receivedAt: receivedAt(step.receivedAt),
    actor: tag,
    ...scopeOf(step),
  };
  const through: Database = step.crash === undefined ? db : db.crashing(step.crash);
  await through.transaction((tx) => writeOptIns(tx, [{ n: 0, item: { ...common, ...ACTORS[step.actor](step) } }]));
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

export async function reply(caller: Caller, step: ReplyStep): Promise<void> {
  const { db, trace, stage } = caller;
  const contacts = contactPointStore(db, TEST_HASH_KEY);
  const inbox = inboxStore(db, accountStore(db), contacts, caller.permits);
  const messageId = `${stage.rootId}-${trace.nextTag('reply')}`;
  const deliver = async (): Promise<void> => {
    await inbox.receive([
      {
        provider: 'race',
        messageId,
        from: stage.contacts[step.person].value,
        to: step.sender,
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

export async function read(caller: Caller, step: Pick<ReadStep, 'crash'>): Promise<void> {
  const tag = caller.trace.nextTag('read');
  caller.trace.add({ kind: 'readingBegun', tag });
  await drain(step.crash === undefined ? caller.db : caller.db.crashing(step.crash), caller.stage, tag);
}

export async function halt(caller: Caller, step: HaltStep): Promise<void> {
  const { stage, db, trace } = caller;
  const tag = trace.nextTag('halt');
  const key = step.sender === undefined ? null : senderKey(step.sender);
  await lockingHalts(caller, (tx) =>
    tx.query(
      `insert into halts (account_id, channel, sender_key, reason, actor) values ($1, $2, $3, 'race', $4)
       on conflict do nothing`,
      [stage.accounts[step.account].id, step.channel ?? null, key, tag],
    ),
  );
  if (caller.rules.barrier) await pause(WINDOW_MS);
  const mine = await db.query<{ id: number }>('select id from halts where actor = $1 and account_id = $2', [
    tag,
    stage.accounts[step.account].id,
  ]);
  // Another worker may have halted the same scope before; that halt is his to acknowledge and to end.
  if (mine.rows.length === 0) return;
  trace.add({ kind: 'haltAcknowledged', tag, scope: step });
  await pause(step.resumeAfterMs);
  trace.add({ kind: 'resumeBegun', tag });
  await lockingHalts(caller, (tx) =>
    tx.query('update halts set resumed_at = clock_timestamp() where id = any ($1)', [mine.rows.map(({ id }) => id)]),
  );
}

function lockingHalts(caller: Caller, work: (tx: Queryable) => Promise<unknown>): Promise<unknown> {
  return caller.db.transaction(async (tx) => {
    await tx.query('select pg_advisory_xact_lock(2, $1::integer % 64)', [caller.stage.rootId]);
    return work(tx);
  });
}

function scopeOf(step: Pick<OptOutStep, 'channel' | 'sender'>) {
  return {
    ...(step.channel === undefined ? {} : { channel: step.channel }),
    ...(step.sender === undefined ? {} : { sender: step.sender }),
  };
}
