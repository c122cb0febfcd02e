// What all commands share: how they are run, and how they come to the database.
import type { Command } from 'commander';
import type { Account } from '../storage/accounts.js';
import type { Storage } from '../storage/storage.js';
import { connectionSettings } from './connection.js';
import type { ExitCode } from './exit-codes.js';
import { output, type Output } from './output.js';

/** Ends with status 0 unless it returns another one. */
export type Work<Options> = (
  out: Output,
  options: Options,
  args: readonly string[],
) => Promise<ExitCode | undefined | void>;

/** Give `command` the option `--json` and the work it does. */
export function runs<Options extends object>(command: Command, work: Work<Options>): Command {
  return command.option('--json', 'print the result as JSON').action(async () => {
    const options = command.opts<Options & { readonly json?: boolean }>();
    const exit = await work(output(options.json === true), options, command.args);
    if (exit !== undefined) process.exitCode = exit;
  });
}

/** Run `work` on the database, and close it whatever happens. */
export async function withStorage<T>(work: (storage: Storage) => Promise<T>): Promise<T> {
  const { config } = await connectionSettings();
  const { openStorage } = await import('../storage/storage.js');
  const storage = await openStorage({
    databaseUrl: config.databaseUrl,
    hashKey: config.hashKey,
    connections: 4,
    applicationName: 'blocklist-cli',
  });
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}

/** As `withStorage`, with the account that `--account` names. */
export async function withAccount<T>(
  options: { readonly account?: string },
  work: (storage: Storage, account: Account) => Promise<T>,
): Promise<T> {
  return withStorage(async (storage) => work(storage, await storage.accounts.get(options.account)));
}
