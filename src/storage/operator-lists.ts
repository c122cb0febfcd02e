// What an operator's program puts on the list and takes off it, in sets of any size: contacts are found in pages, written in
// transactions of at most MAX_OPT_OUTS, and the caller is answered after the last of them and the barrier. Repeatable, and
// not atomic: what fails half-way is sent again.
import type { EntryChannel } from '../domain/channel.js';
import type { Destination } from '../domain/destinations.js';
import { LIFT_TABLE } from '../domain/lifts.js';
import type { Source } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import { MAX_OPT_OUTS } from './opt-outs.js';
import type { Storage } from './storage.js';

/** An entry as an operator names it: with every property it has. */
export interface NamedEntry {
  readonly account: Account;
  readonly destination: Destination;
  readonly channel?: EntryChannel;
  readonly sender?: string;
}

/** Whoever asks, as the ledger shall name it. */
export interface Change {
  readonly actor: string;
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** When this resolves, no provider call in scope can start any more. All accounts are of one tree. */
export async function listEntries(storage: Storage, entries: readonly NamedEntry[], change: Change): Promise<void> {
  const wishes = withoutDoubles(entries);
  const contacts = await inPages(wishes, (page) => storage.contacts.resolve(rootOf(page), destinationsOf(page)));
  const receivedAt = new Date();
  await storage.optOuts.optOut(
    wishes.map(({ account, destination, ...scope }, n) => ({
      ...scope,
      ...change,
      accountId: account.id,
      contactId: contacts[n] as string,
      source: 'CUSTOM',
      receivedAt,
      domain: destination.kind === 'domain',
    })),
  );
}

/** Entries that have exactly these properties go, from any source unless one is named; complaints stay. */
export async function delistEntries(
  storage: Storage,
  entries: readonly (NamedEntry & { readonly source?: Source })[],
  change: Change,
): Promise<void> {
  const wishes = withoutDoubles(entries);
  const contacts = await inPages(wishes, (page) => storage.contacts.find(rootOf(page), destinationsOf(page)));
  const receivedAt = new Date();
  await storage.optOuts.optIn(
    wishes.flatMap(({ account, destination: _, source, ...scope }, n) => {
      const contactId = contacts[n];
      if (contactId === undefined) return [];
      const sources = source === undefined ? LIFT_TABLE.OPERATOR.sources : [source];
      return [
        { ...scope, ...change, accountId: account.id, contactId, source: 'CUSTOM', sources, receivedAt, exact: true },
      ];
    }),
  );
}

function withoutDoubles<T extends NamedEntry & { readonly source?: Source }>(entries: readonly T[]): readonly T[] {
  const byKey = new Map<string, T>();
  for (const entry of entries) {
    const { account, destination, channel = '', sender, source = '' } = entry;
    const scope = `${account.id} ${channel} ${source} ${destination.kind} ${destination.value}`;
    const key = sender === undefined ? scope : `${scope} ${senderKey(sender)}`;
    if (!byKey.has(key)) byKey.set(key, entry);
  }
  return [...byKey.values()];
}

async function inPages<T, R>(items: readonly T[], work: (page: readonly T[]) => Promise<readonly R[]>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += MAX_OPT_OUTS) {
    results.push(...(await work(items.slice(at, at + MAX_OPT_OUTS))));
  }
  return results;
}

const rootOf = (entries: readonly NamedEntry[]): number => entries[0]?.account.rootId ?? 0;
const destinationsOf = (entries: readonly NamedEntry[]): Destination[] => entries.map((entry) => entry.destination);
