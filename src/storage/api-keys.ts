// API keys: made once, shown once, kept as hashes, revoked for ever. A key opens its account and those below it.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Role } from '../domain/roles.js';
import type { Account } from './accounts.js';
import type { Queryable } from './database.js';
import { withoutNulls } from './without-nulls.js';

export interface ApiKey {
  readonly id: number;
  /** The public beginning of the key, for telling keys apart. */
  readonly prefix: string;
  readonly name: string;
  readonly role: Role;
  readonly accountKey: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  readonly revokedAt?: Date;
  readonly revokedBy?: string;
}

export interface ApiKeys {
  /** `key` is the only copy: it cannot be read again. */
  create(
    account: Account,
    wish: { readonly name: string; readonly role: Role },
    actor: string,
  ): Promise<{ readonly key: string; readonly stored: ApiKey }>;
  /** Keys of the account and those below it, revoked ones too, oldest first. */
  list(account: Account): Promise<readonly ApiKey[]>;
  /**
   * The key opens nothing from the next request on. Repeating it changes nothing.
   * @returns the key, or undefined if neither the account nor one below it has one of this id.
   */
  revoke(account: Account, id: number, actor: string): Promise<ApiKey | undefined>;
  /** What a presented key is; undefined if it is none, or revoked. */
  find(key: string): Promise<{ readonly id: number; readonly role: Role; readonly accountId: number } | undefined>;
}

const FORM = /^blk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;
const COLUMNS = `k.id, k.prefix, k.name, k.role, a.key as "accountKey", k.created_at as "createdAt",
  k.created_by as "createdBy", k.revoked_at as "revokedAt", k.revoked_by as "revokedBy"`;

export function apiKeyStore(db: Queryable): ApiKeys {
  return {
    async create(account, { name, role }, actor) {
      const prefix = randomBytes(6).toString('hex');
      const key = `blk_${prefix}_${randomBytes(32).toString('base64url')}`;
      const made = await db.query(
        `with k as (
           insert into api_keys (prefix, hash, account_id, role, name, created_by)
           values ($1, $2, $3, $4, $5, $6)
           returning *
         )
         select ${COLUMNS} from k join accounts a on a.id = k.account_id`,
        [prefix, hashOf(key), account.id, role, name, actor],
      );
      return { key, stored: withoutNulls<ApiKey>(made.rows[0] ?? {}) };
    },

    async list(account) {
      const found = await db.query(
        `select ${COLUMNS} from api_keys k join accounts a on a.id = k.account_id
         where $1 = any (a.ancestors)
         order by k.id`,
        [account.id],
      );
      return found.rows.map((row) => withoutNulls<ApiKey>(row));
    },

    async revoke(account, id, actor) {
      const revoked = await db.query(
        `with k as (
           update api_keys k
           set revoked_at = coalesce(k.revoked_at, clock_timestamp()), revoked_by = coalesce(k.revoked_by, $3)
           from accounts a
           where k.id = $2 and a.id = k.account_id and $1 = any (a.ancestors)
           returning k.*
         )
         select ${COLUMNS} from k join accounts a on a.id = k.account_id`,
        [account.id, id, actor],
      );
      const row = revoked.rows[0];
      return row === undefined ? undefined : withoutNulls<ApiKey>(row);
    },

    async find(key) {
      const prefix = FORM.exec(key)?.[1];
      if (prefix === undefined) return undefined;
      const found = await db.query<{ id: number; role: Role; accountId: number; hash: Buffer }>(
        'select id, role, account_id as "accountId", hash from api_keys where prefix = $1 and revoked_at is null',
        [prefix],
      );
      const row = found.rows[0];
      if (row === undefined || !timingSafeEqual(row.hash, hashOf(key))) return undefined;
      return { id: row.id, role: row.role, accountId: row.accountId };
    },
  };
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
