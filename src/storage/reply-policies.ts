// How far readings of replies may go: set for an account or one of its senders, the nearest one holds.
import { InvalidInputError } from '../domain/errors.js';
import { DEFAULT_POLICY, REPLY_MODES, type ReplyPolicy } from '../domain/replies/reading.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Database, Queryable } from './database.js';

export interface ReplyPolicies {
  /** Change what is given, for the account or one of its senders. @throws InvalidInputError */
  set(account: Account, change: Partial<ReplyPolicy> & { readonly sender?: string }): Promise<ReplyPolicy>;
  /**
   * What holds for replies to a sender: `accountIds` are the account's ancestors, root first, itself last. The nearest
   * account decides, and in it the sender's own policy. Remembered for {@link FRESH_MS}.
   */
  policyFor(accountIds: readonly number[], senderKey: string, via?: Queryable): Promise<ReplyPolicy>;
}

/** How long a change made by another process may stay unseen. */
const FRESH_MS = 2_000;
const REMEMBERED = 10_000;

export function replyPolicyStore(db: Database): ReplyPolicies {
  const remembered = new Map<string, { readonly policy: ReplyPolicy; readonly until: number }>();

  const policyFor: ReplyPolicies['policyFor'] = async (accountIds, key, via = db) => {
    const name = JSON.stringify([accountIds, key]);
    const known = remembered.get(name);
    const now = performance.now();
    if (known !== undefined && known.until > now) return known.policy;
    const found = await via.query<ReplyPolicy>(
      `select mode, act_at as "actAt", review_at as "reviewAt"
       from reply_policies
       where account_id = any ($1::integer[])
         and (sender_key is null or sender_key = $2)
       order by array_position($1::integer[], account_id) desc, sender_key is null
       limit 1`,
      [accountIds, key],
    );
    const policy = found.rows[0] ?? DEFAULT_POLICY;
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(name, { policy, until: now + FRESH_MS });
    return policy;
  };

  return {
    policyFor,
    async set(account, { sender, ...change }) {
      const key = sender === undefined ? null : senderKey(sender);
      remembered.clear();
      const policy = { ...(await policyFor(account.ancestors, key ?? '')), ...change };
      check(policy);
      await db.query(
        `insert into reply_policies (account_id, sender, sender_key, mode, act_at, review_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (account_id, coalesce(sender_key, ''))
         do update set mode = excluded.mode, act_at = excluded.act_at, review_at = excluded.review_at`,
        [account.id, sender ?? null, key, policy.mode, policy.actAt, policy.reviewAt],
      );
      remembered.clear();
      return policy;
    },
  };
}

function check({ mode, actAt, reviewAt }: ReplyPolicy): void {
  if (!REPLY_MODES.includes(mode)) {
    throw new InvalidInputError([{ path: 'mode', message: `must be one of ${REPLY_MODES.join(', ')}` }]);
  }
  if (!(reviewAt >= 0 && reviewAt <= actAt && actAt <= 1)) {
    throw new InvalidInputError([{ path: 'reviewAt', message: 'must be from 0 to actAt, and actAt at most 1' }]);
  }
}
