// blocklist export: the live list as CSV or lines of JSON, streamed. `blocklist import` reads the CSV back.
import type { Command } from 'commander';
import { stringify } from 'csv-stringify/sync';
import type { EntryChannel } from '../../domain/channel.js';
import { SOURCES, type Source } from '../../domain/scope.js';
import { entryStore } from '../../storage/entries.js';
import { EXPORT_COLUMNS, exportCells } from '../../storage/entry-export.js';
import { runs, withAccount } from '../command.js';
import { account, addAll, campaign, entryChannel, given, moment, oneOf, sender } from '../options.js';
import { counted, writeOut } from '../output.js';

interface Options {
  readonly account?: string;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source?: Source;
  readonly campaign?: string;
  readonly addedFrom?: Date;
  readonly addedBefore?: Date;
}

export function registerExport(program: Command): void {
  const command = program
    .command('export')
    .summary('export the list')
    .description(
      'Write the live list of an account and those below it to standard output, as CSV or (--json) lines of JSON.',
    )
    .option('--source <source>', `${SOURCES.join(', ')}; default: any`, oneOf('--source', SOURCES))
    .option('--added-from <time>', 'ISO date or time', moment('--added-from'))
    .option('--added-before <time>', 'ISO date or time', moment('--added-before'));
  addAll(command, entryChannel(), sender(), campaign('campaign of the first touch'), account());
  runs<Options>(command, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const filter = given(options, 'channel', 'sender', 'source', 'campaign', 'addedFrom', 'addedBefore');
      let exported = 0;
      let erased = 0;
      if (!out.isJson) await writeOut(stringify([EXPORT_COLUMNS]));
      for await (const page of entryStore(storage.db).all(owner, filter)) {
        exported += page.length;
        erased += page.filter((entry) => entry.destination === undefined).length;
        // A cell that begins like a formula is one to a spreadsheet, and destinations come from strangers.
        await writeOut(
          out.isJson
            ? page.map((entry) => `${JSON.stringify(entry)}\n`).join('')
            : stringify(page.map(exportCells), { escape_formulas: true }),
        );
      }
      if (erased > 0)
        out.note(`${counted(erased, 'person', 'people')} without clear text: erased, and listed all the same`);
      out.note(`${counted(exported, 'entry', 'entries')} exported`);
    }),
  );
}
