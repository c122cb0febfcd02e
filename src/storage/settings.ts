// What every process on one database must agree on: the hash key and the normaliser. A process that differs would
// miss every look-up, and so send; it is refused instead.
import { BlocklistError } from '../domain/errors.js';
import { NORMALISER_VERSION } from '../domain/destinations.js';
import { keyFingerprint } from '../domain/hash.js';
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
