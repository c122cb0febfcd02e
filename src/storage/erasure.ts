// Erasure: clear text and everything somebody wrote goes from every table; the keyed hash stays, and with it an entry that
// keeps him from ever being written to again, however often his address is brought back.
import type { Destination } from '../domain/destinations.js';
import { BlocklistError, InvalidInputError } from '../domain/errors.js';
import type { Account } from './accounts.js';
import { MAX_OPT_OUTS, pages, writeOptOuts } from './opt-outs.js';
import type { Storage } from './storage.js';

export interface Erased {
  /** People who were known, and are erased now; those who were erased before count again. */
  readonly erased: number;
  /** Ids of the ledger's lines. */
  readonly eventIds: readonly string[];
}

/**
 * Erase people from the whole account tree. When this resolves, no provider call to them can start any more; messages that
 * were permitted come to nothing (BLOCKED, or ERASED where they were at the fence). Repeatable; at most 5,000.
 * @throws BlocklistError FORBIDDEN for an account that is not the root of its tree, InvalidInputError for domains
 */
export async function eraseSubjects(
  storage: Storage,
  account: Account,
  destinations: readonly Destination[],
  change: { readonly actor: string; readonly reason?: string },
): Promise<Erased> {
  assertErasable(account, destinations, change.reason);
  const found = await storage.contacts.find(account.rootId, destinations);
  const contacts = [...new Set(found.filter((id) => id !== undefined))];
  const receivedAt = new Date();
  const items = contacts.map((contactId) => ({
    accountId: account.id,
    contactId,
    source: 'CUSTOM' as const,
    receivedAt,
    actor: change.actor,
    evidence: { erasure: true, ...(change.reason === undefined ? {} : { because: change.reason }) },
  }));
  const eventIds: string[] = [];
  for (const page of pages(items)) {
    const written = await storage.db.transaction(async (tx) => {
      const done = await writeOptOuts(tx, page);
      await tx.query('select blocklist_erase($1::bigint[])', [page.map(({ item }) => item.contactId)]);
      return done;
    });
    eventIds.push(...written.map(({ eventId }) => eventId));
  }
  await storage.permits.barrier(contacts);
  return { erased: contacts.length, eventIds };
}

function assertErasable(account: Account, destinations: readonly Destination[], reason: string | undefined): void {
  if (account.id !== account.rootId) {
    throw new BlocklistError(
      'FORBIDDEN',
      'A person is one for the whole account tree. Erase with the root account of the tree.',
    );
  }
  if (destinations.length > MAX_OPT_OUTS) {
    throw new BlocklistError('LIMIT_EXCEEDED', `At most ${MAX_OPT_OUTS} people can be erased at once.`);
  }
  const violations = destinations.flatMap(({ kind, value }, n) => [
    ...(kind === 'domain' ? [{ path: `destinations[${n}]`, message: 'is a whole domain, and no person' }] : []),
    // The reason outlives what it is about.
    ...(reason !== undefined && names(reason, { kind, value })
      ? [{ path: 'reason', message: 'names the person; it is kept for ever' }]
      : []),
  ]);
  if (violations.length > 0) throw new InvalidInputError(violations);
}

function names(reason: string, { kind, value }: Destination): boolean {
  return kind === 'phone' ? reason.replace(/\D/g, '').includes(value) : reason.toLowerCase().includes(value);
}
