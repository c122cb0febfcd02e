// From a body of the Blocklist interface to the entries it names: everything wrong with it is reported together.
import type { FastifyRequest } from 'fastify';
import type { EntryChannel } from '../../domain/channel.js';
import { DESTINATION_PROBLEMS, normaliseForEntry } from '../../domain/destinations.js';
import { InvalidInputError, type Violation } from '../../domain/errors.js';
import type { Source } from '../../domain/scope.js';
import type { Account } from '../../storage/accounts.js';
import type { NamedEntry } from '../../storage/operator-lists.js';
import type { Storage } from '../../storage/storage.js';
import { callerOf } from '../access/caller.js';
import { violationsOf } from '../http-errors.js';
import { MOST_DESTINATIONS } from './blocklist-schemas.js';

/** As the schema makes it; before that, whatever came. */
interface AskedEntry {
  readonly sender?: string | null;
  readonly channel?: EntryChannel | null;
  readonly accountKey?: string | null;
  readonly sourceType?: Source | null;
}

export interface ReadOptions {
  /** What to do with a text that names nobody: a wish to block must not be lost, and nobody is not on the list anyway. */
  readonly unreadable: 'refuse' | 'skip';
}

/** A preValidation hook: what is too large is not looked at any further. */
export async function refuseTooMany({ body }: FastifyRequest): Promise<void> {
  const asked = listOf(body, 'blocklist');
  const destinations = asked.reduce<number>((sum, entry) => sum + listOf(entry, 'destinations').length, 0);
  if (destinations <= MOST_DESTINATIONS && asked.length <= MOST_DESTINATIONS) return;
  const message = `must not have more than ${MOST_DESTINATIONS} destinations`;
  throw new InvalidInputError([{ path: 'blocklist', message }]);
}

/** @throws InvalidInputError naming every mistake of the request. The body is what the schema found, or left as it came. */
export async function readEntries(
  request: FastifyRequest,
  storage: Storage,
  { unreadable }: ReadOptions,
): Promise<readonly (NamedEntry & { readonly source?: Source })[]> {
  const found = violationsOf(request.validationError);
  if (request.validationError !== undefined && found === undefined) throw request.validationError;
  const violations: Violation[] = [...(found ?? [])];
  const accounts = await accountsOf(request, storage, violations);
  // What one of these paths names is wrong already, and not looked at again.
  const wrong = new Set(violations.map(({ path }) => path));
  const entries: (NamedEntry & { readonly source?: Source })[] = [];
  listOf(request.body, 'blocklist').forEach((asked, i) => {
    const { sender, channel, accountKey, sourceType } = Object(asked) as AskedEntry;
    const account = accounts.get(typeof accountKey === 'string' ? accountKey.toUpperCase() : '');
    listOf(asked, 'destinations').forEach((destination, j) => {
      const path = `blocklist[${i}].destinations[${j}].to`;
      const { to } = Object(destination) as { readonly to?: unknown };
      if (typeof to !== 'string' || wrong.has(path) || wrong.has(`blocklist[${i}].channel`)) return;
      const read = normaliseForEntry(to, channel ?? undefined);
      if (read.ok && account !== undefined) {
        entries.push({
          account,
          destination: read.destination,
          ...(channel == null ? {} : { channel }),
          ...(sender == null ? {} : { sender }),
          ...(sourceType == null ? {} : { source: sourceType }),
        });
      }
      if (!read.ok && unreadable === 'refuse') {
        violations.push({ path, message: `unsupported destination: ${DESTINATION_PROBLEMS[read.reason]}` });
      }
    });
  });
  if (violations.length > 0) throw new InvalidInputError(violations);
  return entries;
}

/** By key, the caller's own under ''. Keys of accounts outside the caller's tree are violations. */
async function accountsOf(
  request: FastifyRequest,
  storage: Storage,
  violations: Violation[],
): Promise<ReadonlyMap<string, Account>> {
  const own = callerOf(request).account;
  const asked = listOf(request.body, 'blocklist').flatMap((entry, i) => {
    const { accountKey } = Object(entry) as { readonly accountKey?: unknown };
    const isKey = typeof accountKey === 'string' && /^[0-9A-Fa-f]{32}$/.test(accountKey);
    return isKey ? [{ i, key: accountKey.toUpperCase() }] : [];
  });
  const accounts = new Map([['', own]]);
  if (asked.length === 0) return accounts;
  const found = await storage.accounts.find(asked.map(({ key }) => key));
  for (const { i, key } of asked) {
    const account = found.get(key);
    if (account?.ancestors.includes(own.id) === true) accounts.set(key, account);
    else violations.push({ path: `blocklist[${i}].accountKey`, message: 'unsupported account key' });
  }
  return accounts;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}
