// Halts: the operator's stop switch for an account, a channel or a sender. What it covers is held, never lost.
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../domain/errors.js';
import type { EntryChannel } from '../domain/channel.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';
import { releaseResumed } from './halt-release.js';
import { DISPATCH_WINDOW_MS } from './permits.js';
import { withoutNulls } from './without-nulls.js';

/** An absent field means any. */
export interface HaltScope {
  readonly channel?: EntryChannel;
  readonly sender?: string;
}

export interface Halt extends HaltScope {
  readonly id: number;
  readonly accountKey: string;
  readonly reason: string;
  readonly actor: string;
  readonly haltedAt: Date;
}

export interface Halts {
  /**
   * Halt everything in scope. Resolves when no provider call in scope can start any more. Repeating it changes nothing
   * but waits again, since the answer to the first call may have been lost.
   */
  halt(
    account: Account,
    scope: HaltScope,
    reason: string,
    actor: string,
  ): Promise<{ readonly halt: Halt; readonly isNew: boolean }>;
  /** End the halt with exactly this scope, or the one named; what no other halt covers is decided again. */
  resume(
    account: Account,
    which: HaltScope | { readonly id: number },
    actor: string,
  ): Promise<{ readonly ended: readonly Halt[]; readonly released: number }>;
  /** Halts in force that concern an account: its own, those above it and those below it. */
  active(account: Account): Promise<readonly Halt[]>;
  /**
   * Give back what ended halts still hold; returns how many messages. The sweep calls it: it finishes a resume whose
   * process died, and finds rows that were being decided in the very moment of the resume.
   */
  releaseResumed(): Promise<number>;
}

export function haltStore(db: Database, windowMs: number = DISPATCH_WINDOW_MS): Halts {
  return {
    async halt(account, scope, reason, actor) {
      const { halt, isNew } = await db.transaction(async (tx) => {
        await lockHalts(tx, account);
        const inserted = await tx.query(
          `insert into halts (account_id, channel, sender, sender_key, reason, actor)
           values ($1, $2, $3, $4, $5, $6)
           on conflict do nothing
           returning ${COLUMNS}, $7::text as "accountKey"`,
          [account.id, scope.channel ?? null, scope.sender ?? null, keyOf(scope), reason, actor, account.key],
        );
        const [halt] = inserted.rows.length > 0 ? toHalts(inserted) : await sameScope(tx, account, scope);
        if (halt === undefined) throw new Error('a halt just inserted cannot be read');
        return { halt, isNew: inserted.rows.length > 0 };
      });
      // Every fence before the commit held the shared lock, so its window ends within this time.
      await sleep(windowMs);
      return { halt, isNew };
    },

    async resume(account, which, actor) {
      const ended = await db.transaction(async (tx) => {
        await lockHalts(tx, account);
        const halts = 'id' in which ? await byId(tx, account, which.id) : await sameScope(tx, account, which);
        await tx.query(`update halts set resumed_at = clock_timestamp(), resumed_by = $2 where id = any ($1)`, [
          halts.map((halt) => halt.id),
          actor,
        ]);
        return halts;
      });
      if (ended.length === 0) {
        throw new BlocklistError('NOT_FOUND', 'No halt with exactly this scope is in force. List the halts in force.');
      }
      return { ended, released: await releaseResumed(db) };
    },

    async active(account) {
      const found = await db.query(
        `select ${COLUMNS}, a.key as "accountKey"
         from halts
         join accounts a on a.id = halts.account_id
         where halts.resumed_at is null
           and (a.id = any ($1) or $2 = any (a.ancestors))
         order by halts.id`,
        [account.ancestors, account.id],
      );
      return toHalts(found);
    },

    releaseResumed: () => releaseResumed(db),
  };
}

const COLUMNS =
  'halts.id, halts.channel, coalesce(halts.sender, halts.sender_key) as sender, halts.reason, halts.actor, halts.halted_at as "haltedAt"';

/** Exclusive against claims and fences of the tree, which share it: they come before the change or see it. */
async function lockHalts(tx: Queryable, account: Account): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(2, $1::integer % 64)', [account.rootId]);
}

async function sameScope(tx: Queryable, account: Account, scope: HaltScope): Promise<Halt[]> {
  const found = await tx.query(
    `select ${COLUMNS}, $4::text as "accountKey"
     from halts
     where account_id = $1
       and resumed_at is null
       and channel is not distinct from $2
       and sender_key is not distinct from $3`,
    [account.id, scope.channel ?? null, keyOf(scope), account.key],
  );
  return toHalts(found);
}

async function byId(tx: Queryable, account: Account, id: number): Promise<Halt[]> {
  const found = await tx.query(
    `select ${COLUMNS}, a.key as "accountKey"
     from halts
     join accounts a on a.id = halts.account_id
     where halts.id = $1
       and halts.resumed_at is null
       and $2 = any (a.ancestors)`,
    [id, account.id],
  );
  return toHalts(found);
}

const keyOf = (scope: HaltScope): string | null => (scope.sender === undefined ? null : senderKey(scope.sender));

const toHalts = (found: { readonly rows: readonly object[] }): Halt[] =>
  found.rows.map((row) => withoutNulls<Halt>(row));
