// blocklist remove: an operator takes records off the list. Exactly those named, since another may be the person's own.
import type { Command } from 'commander';
import type { EntryChannel } from '../../domain/channel.js';
import { LIFT_TABLE } from '../../domain/lifts.js';
import { SOURCES, type Source } from '../../domain/scope.js';
import type { Account } from '../../storage/accounts.js';
import { entryStore, type ListedEntry } from '../../storage/entries.js';
import type { OptIn } from '../../storage/opt-outs.js';
import { runs, withAccount } from '../command.js';
import {
  account,
  actor,
  addAll,
  defaultCountry,
  entryChannel,
  given,
  oneOf,
  operator,
  readDestinations,
  sender,
  text,
} from '../options.js';
import { counted } from '../output.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source?: Source;
  readonly all?: boolean;
  readonly evenComplaints?: boolean;
  readonly reason?: string;
  readonly defaultCountry?: string;
}

export function registerRemove(program: Command): void {
  const command = program
    .command('remove')
    .summary('take destinations off the list')
    .description(
      'Take records off the list: those with exactly the channel, sender and source given (none given: those for any channel ' +
        'and sender). What is left is told.',
    )
    .argument('<destinations...>')
    .option('--source <source>', `${SOURCES.join(', ')}; default: any`, oneOf('--source', SOURCES))
    .option('--all', 'every record of the destination in the account')
    .option('--even-complaints', 'also records that are complaints')
    .option('--reason <text>', 'kept in the ledger', text('--reason', 1_000));
  addAll(command, entryChannel(), sender(), defaultCountry(), account(), actor());
  runs<Options>(command, async (out, options, args) => {
    const destinations = readDestinations(args, { isEntry: true, ...given(options, 'channel', 'defaultCountry') });
    await withAccount(options, async (storage, owner) => {
      const entries = entryStore(storage.db);
      const found = await storage.contacts.find(owner.rootId, destinations);
      const known = [...new Set(found.filter((id) => id !== undefined))];
      const items =
        options.all === true
          ? (await entries.ofContacts(owner, known)).map((entry) => ofEntry(entry, owner, options))
          : known.map((contactId) => ofScope(contactId, owner, options));
      const written = await storage.optOuts.optIn(items);
      const removed = written.filter((event) => event.effect === 'removed').length;
      const left = await entries.ofContacts(owner, known);
      out.result(
        { removed, left: left.map(({ destination: _, ...entry }) => entry) },
        [
          `${counted(removed, 'entry', 'entries')} removed`,
          ...left.map((entry) => `still listed: ${describe(entry)}`),
        ].join('\n'),
      );
    });
  });
}

const common = (owner: Account, options: Options) => ({
  accountId: owner.id,
  source: 'CUSTOM' as const,
  receivedAt: new Date(),
  exact: true,
  complaint: options.evenComplaints === true,
  actor: operator(options),
  evidence: given(options, 'reason'),
});

function ofScope(contactId: string, owner: Account, options: Options): OptIn {
  return {
    ...common(owner, options),
    ...given(options, 'channel', 'sender'),
    contactId,
    sources: options.source === undefined ? LIFT_TABLE.OPERATOR.sources : [options.source],
  };
}

function ofEntry(entry: ListedEntry, owner: Account, options: Options): OptIn {
  return {
    ...common(owner, options),
    ...given(entry, 'channel', 'sender'),
    contactId: entry.contactId,
    entryId: entry.id,
    sources: [entry.source],
  };
}

function describe(entry: ListedEntry): string {
  const reach = `${entry.channel ?? 'any channel'}, ${entry.sender === undefined ? 'any sender' : `sender ${entry.sender}`}`;
  return `entry ${entry.id} (${entry.source}, ${reach}${entry.complaint ? ', a complaint' : ''})`;
}
