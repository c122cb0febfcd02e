// The ledger read back: one destination's history, and the proof that the live list is what the ledger says.
import type { Destination } from '../domain/destinations.js';
import type { DestinationHistory } from '../domain/destination-history.js';
import type { Account } from './accounts.js';
import type { ContactPoints } from './contact-points.js';
import type { Database } from './database.js';
import { destinationHistory, type HistoryOptions } from './destination-history.js';
import { verifyProjection, type Verification } from './ledger-verification.js';

export interface Ledger {
  /** Everything about a destination as an account may see it: entries, ledger, messages, replies, in plain words. */
  why(account: Account, destination: Destination, options?: HistoryOptions): Promise<DestinationHistory>;
  /** Fold the whole ledger and compare it with the live list. Reads page by page, beside normal work. */
  verifyProjection(onProgress?: (contacts: number) => void): Promise<Verification>;
}

export function ledgerStore(db: Database, contacts: ContactPoints): Ledger {
  return {
    why: (account, destination, options) => destinationHistory(db, contacts, account, destination, options),
    verifyProjection: (onProgress) => verifyProjection(db, onProgress),
  };
}
