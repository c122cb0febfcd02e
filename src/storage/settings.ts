// What every process on one database must agree on: the hash key and the normaliser. A process that differs would
// miss every look-up, and so send; it is refused instead. And what an account has set for itself and those below it.
import { BlocklistError } from '../domain/errors.js';
import { NORMALISER_VERSION } from '../domain/destinations.js';
import { keyFingerprint } from '../domain/hash.js';
import type { Account } from './accounts.js';
import type { Queryable } from './database.js';

/** Store the fingerprint on first use; refuse to go on if the stored one differs. */
export async function assertSameRules(db: Queryable, hashKey: Buffer): Promise<void> {
  await agree(
    db,
    'hash_key',
    keyFingerprint(hashKey),
    'BLOCKLIST_HASH_KEY is not the key this database was made with. With another key every look-up would miss. Set the right key.',
  );
  await agree(
    db,
    'normaliser',
    NORMALISER_VERSION,
    'This program normalises destinations differently from the one that wrote this database. Use the same version, or migrate the destinations first.',
  );
}

async function agree(db: Queryable, name: string, value: string, otherwise: string): Promise<void> {
  await db.query('insert into settings (name, value) values ($1, $2) on conflict do nothing', [name, value]);
  const stored = await db.query<{ value: string }>('select value from settings where name = $1', [name]);
  if (stored.rows[0]?.value !== value) throw new BlocklistError('KEY_MISMATCH', otherwise);
}

/** What accounts can set; what one has not set holds as its nearest ancestor has it. */
export interface AccountSettings {
  /** True: opt-out pages let the person choose between this sender and everything. Default false. */
  readonly optOutScopeChoice: boolean;
}

const DEFAULTS: AccountSettings = { optOutScopeChoice: false };

/** As they hold for the account. */
export async function accountSettings(db: Queryable, account: Account): Promise<AccountSettings> {
  const found = await db.query<{ name: string; value: unknown }>(
    `select name, value from account_settings
     where account_id = any ($1::integer[])
     order by array_position($1::integer[], account_id)`,
    [account.ancestors],
  );
  return { ...DEFAULTS, ...Object.fromEntries(found.rows.map(({ name, value }) => [name, value])) };
}

/** Set what is named; the rest stays. */
export async function setAccountSettings(
  db: Queryable,
  account: Account,
  settings: { readonly [Name in keyof AccountSettings]?: AccountSettings[Name] | undefined },
  actor: string,
): Promise<void> {
  await db.query(
    `insert into account_settings (account_id, name, value, changed_by)
     select $1, key, value, $3 from jsonb_each($2)
     on conflict (account_id, name)
     do update set value = excluded.value, changed_at = clock_timestamp(), changed_by = excluded.changed_by`,
    [account.id, JSON.stringify(settings), actor],
  );
}
