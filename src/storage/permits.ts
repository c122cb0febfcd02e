// Permits: claim, fence, settle, barrier. The rules stand in the SQL functions of migrations 0002 to 0004; this file
// calls them and gives their answers types.
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../domain/errors.js';
import type { HoldReason, MessageState } from '../domain/outcome.js';
import type { FrequencyCap } from '../domain/step-activities.js';
import type { Database } from './database.js';
import { registerFlow } from './flows.js';
import { present } from '../domain/present.js';

/** Most messages of one claim: keeps a transaction, and so the wait of an opt-out behind it, short. */
export const MAX_CLAIM = 5_000;
/**
 * How long after its fence a provider call may still start. Also the longest an acknowledgement can wait. All processes
 * of a database must agree on it; it is a parameter for tests that cannot wait so long.
 */
export const DISPATCH_WINDOW_MS = 2_000;
/** Messages expired in one transaction: short enough for an opt-out that waits behind it. */
const EXPIRE_PAGE = 10_000;
/** 24 hours, as the product's default validity. */
export const DEFAULT_VALIDITY_SECONDS = 86_400;

export interface ClaimRequest {
  readonly streamId: number;
  /** Who claims: a uuid made from what survives a retry. The same key from another claimant is a duplicate. */
  readonly claimant: string;
  /** Registration of the flow that claims, or what to register it with first: in the same statement, for one message. */
  readonly flowContactId?: string;
  readonly register?: { readonly workflowId: string; readonly accountId: number };
  readonly validForSeconds?: number;
  readonly quietUntil?: Date;
  readonly cap?: FrequencyCap;
  /** False if a message whose answer was lost must not be handed over again (provider cannot refuse duplicates). */
  readonly mayRepeat: boolean;
  readonly messages: readonly ClaimMessage[];
}

export interface ClaimMessage {
  readonly permitId: string;
  readonly contactId: string;
}

export interface PermitRow {
  readonly id: string;
  readonly contactId: string;
  /** False: another claimant has used this key; `state` is what became of that message. */
  readonly mine: boolean;
  readonly state: MessageState;
  readonly attempt: number;
  readonly blockedBy: string | null;
  readonly holdReason: HoldReason | null;
  /** Null also where the end is not known (Postgres `infinity`). */
  readonly heldUntil: Date | null;
  readonly dispatchUntil: Date | null;
  readonly settledAt: Date | null;
  readonly detail: string | null;
  /** Present where the claim has registered the flow. */
  readonly flowContactId?: string;
}

export interface Fenced {
  readonly id: string;
  readonly attempt: number;
  readonly contactId: string;
  /** Null when the clear text was erased. */
  readonly destination: string | null;
}

export interface Settlement {
  readonly id: string;
  readonly attempt: number;
  /** `claimed`: definitely not taken by the provider, may be tried again. */
  readonly state: Extract<MessageState, 'sent' | 'rejected' | 'failed' | 'unknown' | 'claimed'>;
  readonly detail?: string;
}

export interface Settled {
  readonly id: string;
  readonly state: MessageState;
  readonly blockedBy: string | null;
  readonly holdReason: HoldReason | null;
  readonly settledAt: Date | null;
}

export interface TakenOver {
  readonly id: string;
  readonly state: MessageState;
  /** For rows still in dispatch: when they can be taken over. */
  readonly dispatchUntil: Date | null;
}

export interface Permits {
  /** See {@link DISPATCH_WINDOW_MS}. */
  readonly windowMs: number;
  /** One row for each distinct permit id, in no particular order. */
  claim(request: ClaimRequest): Promise<PermitRow[]>;
  /** Rows that may be handed over now; the call must start within `windowMs` of asking. */
  fence(rootId: number, permitIds: readonly string[]): Promise<Fenced[]>;
  settle(settlements: readonly Settlement[]): Promise<Settled[]>;
  /** Decide rows again whose attempt died; others are returned as they stand. */
  takeOver(rootId: number, permitIds: readonly string[], mayRepeat: boolean): Promise<TakenOver[]>;
  /** Resolves when no provider call under a permit of these contacts can start any more. */
  barrier(contactIds: readonly string[]): Promise<void>;
  /** Expire permits whose validity ended since the last call; returns how many. */
  expire(): Promise<number>;
}

const PERMIT_COLUMNS = `id, contact_id as "contactId", mine, state, attempt, blocked_by as "blockedBy",
  hold_reason as "holdReason", nullif(held_until, 'infinity') as "heldUntil",
  dispatch_until as "dispatchUntil", settled_at as "settledAt", detail`;
const claimed = (flowContact: string): string =>
  `blocklist_claim($1, $2, ${flowContact}, make_interval(secs => $3), $4, $5, make_interval(secs => $6), $7, $8, $9, $10)`;

const CLAIM = `select ${PERMIT_COLUMNS} from ${claimed('$11')}`;
/** The contact is locked before its registration, as everywhere: an opt-out, which changes registrations, has it locked. */
const REGISTER_AND_CLAIM = `with contact as materialized (
    select id from contact_points where id = any ($10::bigint[]) for key share
  ),
  registered as (
    ${registerFlow('$11', 'id', '$12', 'from contact')}
  )
  select ${PERMIT_COLUMNS}, (select id from registered) as "flowContactId"
  from ${claimed('(select id from registered)')}`;

export function permitStore(db: Database, windowMs: number = DISPATCH_WINDOW_MS): Permits {
  return {
    windowMs,

    async claim(request) {
      if (request.messages.length > MAX_CLAIM) {
        throw new BlocklistError('LIMIT_EXCEEDED', `A claim takes at most ${MAX_CLAIM} messages.`);
      }
      if (request.messages.length === 0) return [];
      const { register, flowContactId = null } = request;
      const found = await db.query<PermitRow>(register === undefined ? CLAIM : REGISTER_AND_CLAIM, [
        request.streamId,
        request.claimant,
        request.validForSeconds ?? DEFAULT_VALIDITY_SECONDS,
        request.quietUntil ?? null,
        request.cap?.messages ?? null,
        request.cap?.perSeconds ?? null,
        request.cap?.over === 'block',
        request.mayRepeat,
        request.messages.map((m) => m.permitId),
        request.messages.map((m) => m.contactId),
        ...(register === undefined ? [flowContactId] : [register.workflowId, register.accountId]),
      ]);
      return found.rows;
    },

    async fence(rootId, permitIds) {
      const found = await db.query<Fenced>(
        `select id, attempt, contact_id as "contactId", destination
         from blocklist_fence($1, $2, make_interval(secs => $3))`,
        [rootId, permitIds, windowMs / 1000],
      );
      return found.rows;
    },

    async settle(settlements) {
      const found = await db.query<Settled>(
        `select id, state, blocked_by as "blockedBy", hold_reason as "holdReason", settled_at as "settledAt"
         from blocklist_settle($1, $2, $3, $4)`,
        [
          settlements.map((s) => s.id),
          settlements.map((s) => s.attempt),
          settlements.map((s) => s.state),
          settlements.map((s) => s.detail ?? null),
        ],
      );
      return found.rows;
    },

    async takeOver(rootId, permitIds, mayRepeat) {
      const found = await db.query<TakenOver>(
        'select id, state, dispatch_until as "dispatchUntil" from blocklist_take_over($1, $2, $3)',
        [rootId, permitIds, mayRepeat],
      );
      return found.rows;
    },

    async barrier(contactIds) {
      // Polled outside any transaction; a dispatch normally settles within milliseconds.
      // Text, because a Date would lose the microseconds that are compared.
      let first: string | null = null;
      for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
        const found: { rows: { until: string | null }[] } = await db.query<{ until: string | null }>(
          'select blocklist_in_flight($1::bigint[], $2::timestamptz)::text as until',
          [contactIds, first],
        );
        const until = found.rows[0]?.until ?? null;
        if (until === null) return;
        first ??= until;
        await sleep(pause);
      }
    },

    async expire() {
      let expired = 0;
      for (;;) {
        const count = await expirePage(db);
        if (count === 0) return expired;
        expired += count;
      }
    },
  };
}

/** Two minutes behind the clock: far longer than any claim's transaction, so none commits behind the sweep. */
async function expirePage(db: Database): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.query(
      `insert into sweeps (name, done_until) values ('expire', now() - interval '30 days') on conflict do nothing`,
    );
    const swept = await tx.query<{ from: Date; to: Date }>(
      `select done_until as "from", now() - interval '2 minutes' as "to"
       from sweeps where name = 'expire' for update`,
    );
    const { from, to } = present(swept.rows[0], 'the sweep');
    const found = await tx.query<{ count: number }>('select blocklist_expire($1, $2, $3) as count', [
      from,
      to,
      EXPIRE_PAGE,
    ]);
    const count = found.rows[0]?.count ?? 0;
    if (count === 0) await tx.query(`update sweeps set done_until = $1 where name = 'expire'`, [to]);
    return count;
  });
}
