// Accounts: a tree of keys. The program works with keys at its edges and with short ids inside.
import { BlocklistError } from '../domain/errors.js';
import { DEFAULT_ACCOUNT_KEY } from '../domain/scope.js';
import type { Queryable } from './database.js';

export interface Account {
  readonly id: number;
  readonly key: string;
  readonly rootId: number;
  /** Ids from the root down to the account itself. */
  readonly ancestors: readonly number[];
}

export interface Accounts {
  /** @throws BlocklistError NOT_FOUND */
  get(key?: string): Promise<Account>;
  /** Within a transaction pass its connection as `via`. @throws BlocklistError NOT_FOUND */
  byId(id: number, via?: Queryable): Promise<Account>;
  /** Create an account below `parentKey` (or a new root). Repeating the same call changes nothing. */
  create(key: string, parentKey?: string, name?: string): Promise<Account>;
}

/** An account never changes once made, so what was read stays true. */
export function accountStore(db: Queryable): Accounts {
  const byKey = new Map<string, Account>();
  const byId = new Map<number, Account>();

  const remember = (account: Account): Account => {
    byKey.set(account.key, account);
    byId.set(account.id, account);
    return account;
  };

  const find = async (column: 'key' | 'id', value: string | number, via = db): Promise<Account> => {
    const found = await via.query<{ id: number; key: string; rootId: number; ancestors: number[] }>(
      `select id, key, root_id as "rootId", ancestors from accounts where ${column} = $1`,
      [value],
    );
    const account = found.rows[0];
    if (account === undefined) {
      throw new BlocklistError('NOT_FOUND', `Account ${value} does not exist. Create it before using it.`);
    }
    return remember(account);
  };

  return {
    get: async (key = DEFAULT_ACCOUNT_KEY) => byKey.get(key) ?? find('key', key),
    byId: async (id, via) => byId.get(id) ?? find('id', id, via),
    async create(key, parentKey, name) {
      if (!/^[0-9A-F]{32}$/.test(key)) {
        throw new BlocklistError('INVALID_INPUT', 'An account key is 32 upper-case hexadecimal digits.');
      }
      const parent = parentKey === undefined ? undefined : await this.get(parentKey);
      await db.query(
        `with next as (select nextval(pg_get_serial_sequence('accounts', 'id'))::integer as id)
         insert into accounts (id, key, parent_id, root_id, ancestors, name)
         overriding system value
         select next.id, $1, $2, coalesce($3, next.id), $4::integer[] || next.id, $5 from next
         on conflict (key) do nothing`,
        [key, parent?.id ?? null, parent?.rootId ?? null, parent?.ancestors ?? [], name ?? null],
      );
      const account = await find('key', key);
      if (account.ancestors.at(-2) !== parent?.id) {
        throw new BlocklistError('CONFLICT', `Account ${key} exists below another parent, and a parent never changes.`);
      }
      return account;
    },
  };
}
