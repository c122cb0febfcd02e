// Everything stored, opened together: one pool, checked to fit this program before the first answer.
import { accountStore, type Accounts } from './accounts.js';
import { contactPointStore, type ContactPoints } from './contact-points.js';
import { openDatabase, type Database, type DatabaseOptions } from './database.js';
import { inboxStore, type Inbox } from './inbox.js';
import { flowStore, type Flows } from './flows.js';
import { assertSchema } from './migrate.js';
import { optOutStore, type OptOuts } from './opt-outs.js';
import { outboxStore, type Outbox } from './outbox.js';
import { permitStore, type Permits } from './permits.js';
import { assertSameRules } from './settings.js';
import { streamStore, type Streams } from './streams.js';

export interface Storage {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly contacts: ContactPoints;
  readonly streams: Streams;
  readonly permits: Permits;
  readonly optOuts: OptOuts;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly flows: Flows;
  close(): Promise<void>;
}

export interface StorageOptions extends DatabaseOptions {
  readonly databaseUrl: string;
  /** Key of the destination hashes (BLOCKLIST_HASH_KEY). */
  readonly hashKey: Buffer;
}

/**
 * @throws BlocklistError SCHEMA_MISMATCH, KEY_MISMATCH, STORAGE_UNAVAILABLE
 */
export async function openStorage(options: StorageOptions): Promise<Storage> {
  const db = openDatabase(options.databaseUrl, options);
  try {
    await assertSchema(db);
    await assertSameRules(db, options.hashKey);
  } catch (error) {
    await db.close();
    throw error;
  }
  const accounts = accountStore(db);
  const contacts = contactPointStore(db, options.hashKey);
  const permits = permitStore(db);
  return {
    db,
    accounts,
    contacts,
    streams: streamStore(db),
    permits,
    optOuts: optOutStore(db, permits),
    inbox: inboxStore(db, accounts, contacts, permits),
    outbox: outboxStore(db),
    flows: flowStore(db),
    close: () => db.close(),
  };
}
