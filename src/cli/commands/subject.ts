// blocklist subject: all that is known of one destination, and its erasure.
import type { Command } from 'commander';
import type { Destination } from '../../domain/destinations.js';
import { runs, withAccount } from '../command.js';
import { account, actor, addAll, defaultCountry, given, operator, readDestinations, text } from '../options.js';
import { counted } from '../output.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
  readonly reason?: string;
  readonly defaultCountry?: string;
}

export function registerSubject(program: Command): void {
  const subject = program
    .command('subject')
    .summary('export or erase what is known of a destination')
    .description('What is known of one destination: for the person who asks, and who wants it gone.');

  const exported = subject
    .command('export')
    .summary('write all that is known of a destination')
    .description('Write all that is known of a destination as JSON: entries, ledger, messages, replies, flows, files.')
    .argument('<destination>');
  addAll(exported, defaultCountry(), account());
  runs<Options>(exported, async (out, options, args) => {
    const [destination] = readDestinations(args, { isEntry: true, ...given(options, 'defaultCountry') });
    const { subjectFile } = await import('../../storage/subject.js');
    await withAccount(options, async (storage, owner) => {
      const file = await subjectFile(storage, owner, destination as Destination);
      const whole = { destination: (destination as Destination).value, ...file };
      out.result(whole, () => JSON.stringify(whole, null, 2));
    });
  });

  const erase = subject
    .command('erase')
    .summary('erase destinations; the suppression stays')
    .description(
      'Erase the clear text of destinations and everything these people have written. A keyed hash and an entry stay, so ' +
        'that nobody writes to them again, however often their addresses are brought back. Cannot be undone.',
    )
    .argument('<destinations...>')
    .option('--reason <text>', 'why, for the ledger; must not name the person', text('--reason', 500));
  addAll(erase, defaultCountry(), account(), actor());
  runs<Options>(erase, async (out, options, args) => {
    const destinations = readDestinations(args, { isEntry: true, ...given(options, 'defaultCountry') });
    const { eraseSubjects } = await import('../../storage/erasure.js');
    await withAccount(options, async (storage, owner) => {
      const change = { actor: operator(options), ...given(options, 'reason') };
      const { erased, eventIds } = await eraseSubjects(storage, owner, destinations, change);
      const unknown = destinations.length - erased;
      out.result(
        { erased, unknown, eventIds },
        `${counted(erased, 'person', 'people')} erased${unknown === 0 ? '' : `; of ${unknown} nothing was known`}`,
      );
    });
  });
}
