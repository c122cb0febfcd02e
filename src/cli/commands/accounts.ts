// blocklist accounts: the tree of accounts. A parent sees the lists of those below it, and its entries block for them too.
import { randomBytes } from 'node:crypto';
import { Option, type Command } from 'commander';
import { runs, withAccount } from '../command.js';
import { account, addAll, text, wrong } from '../options.js';

interface Options {
  readonly account?: string;
  readonly key?: string;
  readonly root?: boolean;
  readonly name?: string;
}

export function registerAccounts(program: Command): void {
  const accounts = program
    .command('accounts')
    .summary('make and list accounts')
    .description('Accounts: each has a list, keys and campaigns of its own, and a parent that never changes.');

  const add = accounts
    .command('add')
    .description('Make an account below the one given. The same again changes nothing.')
    .addOption(
      new Option('--key <key>', '32 hexadecimal digits; default: a new one').argParser((value: string) => {
        const key = value.trim().toUpperCase();
        if (!/^[0-9A-F]{32}$/.test(key)) throw wrong('--key', 'must be 32 hexadecimal digits');
        return key;
      }),
    )
    .option('--name <name>', 'for people', text('--name', 100))
    .option('--root', 'a tree of its own, which no other account sees');
  addAll(add, account());
  runs<Options>(add, async (out, options) =>
    withAccount(options, async (storage, parent) => {
      const key = options.key ?? randomBytes(16).toString('hex').toUpperCase();
      const parentKey = options.root === true ? undefined : parent.key;
      await storage.accounts.create(key, parentKey, options.name);
      out.result({ accountKey: key, ...(parentKey === undefined ? {} : { parentKey }) }, key);
    }),
  );

  const list = accounts.command('list').description('The account and those below it.');
  addAll(list, account());
  runs<Options>(list, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const found = await storage.accounts.list(owner);
      const lines = found.map(({ accountKey, parentKey, name }) =>
        [accountKey, name ?? '', parentKey === undefined ? '' : `below ${parentKey}`].filter(Boolean).join('  '),
      );
      out.result({ accounts: found }, lines.join('\n'));
    }),
  );
}
