// blocklist keys: who may call the gateway. A key is told once, when it is made.
import type { Command } from 'commander';
import { ROLES, type Role } from '../../domain/roles.js';
import { apiKeyStore, type ApiKey } from '../../storage/api-keys.js';
import { runs, withAccount } from '../command.js';
import { account, actor, addAll, oneOf, operator, text, wholeNumber, wrong } from '../options.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
  readonly name?: string;
  readonly role?: Role;
}

const LARGEST_ID = 2_147_483_647;

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, list and revoke API keys')
    .description('API keys of an account: each opens that account and those below it, as far as its role goes.');

  const create = keys
    .command('create')
    .description('Make a key. It is printed once and kept as a hash only.')
    .requiredOption('--name <name>', 'what it is for; shown in lists', text('--name', 100))
    .option('--role <role>', `${ROLES.join(', ')}; default: viewer`, oneOf('--role', ROLES), 'viewer');
  addAll(create, account(), actor());
  runs<Options>(create, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const wish = { name: options.name ?? '', role: options.role ?? 'viewer' };
      const { key, stored } = await apiKeyStore(storage.db).create(owner, wish, operator(options));
      out.result({ ...stored, key }, key);
    }),
  );

  const list = keys.command('list').description('The keys of the account and those below it, revoked ones too.');
  addAll(list, account());
  runs<Options>(list, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const found = await apiKeyStore(storage.db).list(owner);
      out.result({ keys: found }, found.length === 0 ? 'no keys' : found.map(describe).join('\n'));
    }),
  );

  const revoke = keys
    .command('revoke')
    .description('Revoke a key by its id: it opens nothing from the next request on.')
    .argument('<id>');
  addAll(revoke, account(), actor());
  runs<Options>(revoke, async (out, options, [id = '']) =>
    withAccount(options, async (storage, owner) => {
      const number = wholeNumber('id', 1, LARGEST_ID)(id);
      const revoked = await apiKeyStore(storage.db).revoke(owner, number, operator(options));
      if (revoked === undefined) throw wrong('id', 'is no key of this account or one below it');
      out.result(revoked, describe(revoked));
    }),
  );
}

function describe({ id, prefix, name, role, accountKey, createdAt, createdBy, revokedAt, revokedBy }: ApiKey): string {
  const end = revokedAt === undefined ? '' : `, revoked ${day(revokedAt)} by ${revokedBy ?? ''}`;
  return `${id}: blk_${prefix}... ${role} of ${accountKey}, "${name}", made ${day(createdAt)} by ${createdBy}${end}`;
}

const day = (at: Date): string => at.toISOString().slice(0, 10);
