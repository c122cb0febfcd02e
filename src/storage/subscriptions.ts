// Who is told of changes of the list: kept, listed, and looked up by those that deliver.
import type { Source } from '../domain/scope.js';
import type { Account } from './accounts.js';
import { sqlState, type Database } from './database.js';
import { withoutNulls } from './without-nulls.js';

export type ListChange = 'BLOCK' | 'UNBLOCK';

export interface SubscriptionInput {
  /** The caller's own name for it, unique within the account. */
  readonly key: string;
  readonly name?: string;
  readonly kinds: readonly ListChange[];
  /** Whose changes: MO, URL_OPT_OUT and CAMPAIGN are people and flows, CUSTOM is operators. */
  readonly sources: readonly Source[];
  readonly profileKey: string;
  readonly url: string;
  /** Of one post. */
  readonly mostEvents: number;
  /** Every post is signed with it. */
  readonly secret: string;
  readonly authKey?: string;
  readonly username?: string;
  readonly password?: string;
}

/** Without its secrets. */
export interface Subscription extends Omit<SubscriptionInput, 'secret' | 'username' | 'password'> {
  readonly id: number;
}

export interface Subscriptions {
  /** From the commit on every change is kept for it. Undefined: the account has one of that name. */
  create(account: Account, input: SubscriptionInput, actor: string): Promise<Subscription | undefined>;
  /** The account's own, the latest first. */
  list(
    account: Account,
    page: { readonly page: number; readonly size: number },
  ): Promise<{ readonly subscriptions: readonly Subscription[]; readonly total: number }>;
  find(account: Account, key: string): Promise<Subscription | undefined>;
  /** Nothing is kept for it any more and no post begins; one that is under way ends. Undefined: there was none. */
  remove(account: Account, key: string): Promise<Subscription | undefined>;
}

const COLUMNS = `id, key, name, kinds, sources, profile_key as "profileKey", url, most_events as "mostEvents",
  auth_key as "authKey"`;
const UNIQUE_VIOLATION = '23505';

export function subscriptionStore(db: Database): Subscriptions {
  const rows = async (text: string, values: readonly unknown[]): Promise<readonly Subscription[]> =>
    (await db.query(text, values)).rows.map((row) => withoutNulls<Subscription>(row));

  return {
    async create(account, input, actor) {
      try {
        const made = await rows(
          `insert into subscriptions (
             account_id, key, name, kinds, sources, profile_key, url, most_events, secret, auth_key, username, password,
             created_by)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
           returning ${COLUMNS}`,
          [
            account.id,
            input.key,
            input.name ?? null,
            input.kinds,
            input.sources,
            input.profileKey,
            input.url,
            input.mostEvents,
            input.secret,
            input.authKey ?? null,
            input.username ?? null,
            input.password ?? null,
            actor,
          ],
        );
        return made[0];
      } catch (error) {
        if (sqlState((error as { cause?: unknown }).cause) === UNIQUE_VIOLATION) return undefined;
        throw error;
      }
    },
    async list(account, { page, size }) {
      const found = await rows(
        `select ${COLUMNS} from subscriptions
         where account_id = $1 and deleted_at is null
         order by id desc
         limit $2 offset $3::bigint * $2`,
        [account.id, size, page],
      );
      const counted = await db.query<{ n: number }>(
        'select count(*)::integer as n from subscriptions where account_id = $1 and deleted_at is null',
        [account.id],
      );
      return { subscriptions: found, total: counted.rows[0]?.n ?? 0 };
    },
    async find(account, key) {
      const found = await rows(
        `select ${COLUMNS} from subscriptions where account_id = $1 and key = $2 and deleted_at is null`,
        [account.id, key],
      );
      return found[0];
    },
    async remove(account, key) {
      const gone = await rows(
        `update subscriptions
         set deleted_at = clock_timestamp(), wake_due = clock_timestamp()
         where account_id = $1 and key = $2 and deleted_at is null
         returning ${COLUMNS}`,
        [account.id, key],
      );
      return gone[0];
    },
  };
}
