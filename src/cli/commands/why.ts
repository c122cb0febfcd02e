// blocklist why: the history of one destination, and why each message was or was not sent.
import type { Command } from 'commander';
import { ledgerStore } from '../../storage/ledger.js';
import { runs, withAccount } from '../command.js';
import { account, addAll, defaultCountry, given, moment, readDestinations, wholeNumber } from '../options.js';
import { historyText } from '../history-text.js';
import type { Destination } from '../../domain/destinations.js';

interface Options {
  readonly account?: string;
  readonly at?: Date;
  readonly messages?: number;
  readonly defaultCountry?: string;
}

export function registerWhy(program: Command): void {
  const command = program
    .command('why')
    .summary('tell the history of a destination')
    .description(
      'What stands on the list for a destination, how it came there, and why each message was or was not sent.',
    )
    .argument('<destination>')
    .option('--at <time>', 'the list as it was then (ISO date or time)', moment('--at'))
    .option(
      '--messages <n>',
      'most messages to show, the newest; default: 1000',
      wholeNumber('--messages', 1, 100_000),
    );
  addAll(command, defaultCountry(), account());
  runs<Options>(command, async (out, options, args) => {
    const [destination] = readDestinations(args, { isEntry: true, ...given(options, 'defaultCountry') });
    await withAccount(options, async (storage, owner) => {
      const ledger = ledgerStore(storage.db, storage.contacts);
      const history = await ledger.why(owner, destination as Destination, given(options, 'at', 'messages'));
      out.result(history, () => historyText(history));
    });
  });
}
