// Who calls: an API key, its role, and the account tree that it opens.
import type { FastifyRequest } from 'fastify';
import { BlocklistError } from '../../domain/errors.js';
import { maskDestination } from '../../domain/masking.js';
import { hasRole, type Role } from '../../domain/roles.js';
import { unknownAccount, type Account } from '../../storage/accounts.js';
import { apiKeyStore } from '../../storage/api-keys.js';
import type { Storage } from '../../storage/storage.js';
import { givenKey, hasApiKey } from '../secrets.js';

export interface Caller {
  /** As the ledger names it: `api-key:<id>`, or `api-key:bootstrap` for BLOCKLIST_API_KEY. */
  readonly actor: string;
  readonly role: Role;
  /** The account of the key: what is asked without an account is about it, and nothing outside its tree is seen. */
  readonly account: Account;
}

export type Authenticate = (request: FastifyRequest) => Promise<Caller>;

/** BLOCKLIST_API_KEY is an administrator of the root account; every other key is in the database. */
export function createAuthenticator({ db, accounts }: Storage, bootstrapKey: string | undefined): Authenticate {
  const keys = apiKeyStore(db);
  return async (request) => {
    if (hasApiKey(request, bootstrapKey)) {
      return { actor: 'api-key:bootstrap', role: 'administrator', account: await accounts.get() };
    }
    const given = givenKey(request.headers.authorization);
    const found = given === undefined ? undefined : await keys.find(given);
    if (found === undefined) throw new BlocklistError('UNAUTHORIZED', bootstrapKey === undefined ? CLOSED : WRONG);
    return { actor: `api-key:${found.id}`, role: found.role, account: await accounts.byId(found.accountId) };
  };
}

const WRONG =
  'The API key is missing or wrong. Send it as "Authorization: App <key>", Bearer <key>, or the password of Basic.';
const CLOSED = `${WRONG} To have a first API key: make one with \`blocklist keys create\`. Or: Set BLOCKLIST_API_KEY and start the gateway again.`;

/** The caller of a route that asks for a role. */
export function callerOf(request: FastifyRequest): Caller {
  const { caller } = request;
  if (caller === undefined) throw new BlocklistError('UNAUTHORIZED', WRONG);
  return caller;
}

/**
 * The account of this key, or the caller's own. One outside the caller's tree is as unknown as one that does not exist.
 * @throws BlocklistError NOT_FOUND
 */
export async function accountFor(request: FastifyRequest, storage: Storage, key?: string): Promise<Account> {
  const caller = callerOf(request);
  if (key === undefined) return caller.account;
  const account = await storage.accounts.get(key);
  if (!account.ancestors.includes(caller.account.id)) throw unknownAccount(key);
  return account;
}

/** Undefined where `accountFor` throws: for requests that report an unknown account among other mistakes. */
export async function findAccount(
  request: FastifyRequest,
  storage: Storage,
  key: string,
): Promise<Account | undefined> {
  return accountFor(request, storage, key).catch((error: unknown) => {
    if (error instanceof BlocklistError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  });
}

/** A destination as this caller may see it. */
export function shownTo(caller: Caller, destination: string): string {
  return hasRole(caller.role, 'editor') ? destination : maskDestination(destination);
}
