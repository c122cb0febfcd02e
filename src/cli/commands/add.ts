// blocklist add: an operator puts destinations on the list.
import type { Command } from 'commander';
import type { EntryChannel } from '../../domain/channel.js';
import type { Covers } from '../../domain/scope.js';
import { runs, withAccount } from '../command.js';
import {
  account,
  actor,
  addAll,
  campaign,
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
  readonly campaign?: string;
  readonly covers?: Covers;
  readonly reason?: string;
  readonly defaultCountry?: string;
}

export function registerAdd(program: Command): void {
  const command = program
    .command('add')
    .summary('put destinations on the Do Not Contact list')
    .description(
      'Put numbers, e-mail addresses or whole e-mail domains (@example.com) on the list. Ends when nothing can be sent to ' +
        'them any more within the scope given.',
    )
    .argument('<destinations...>')
    .option('--covers <what>', 'ALL or MARKETING; default: ALL', oneOf('--covers', ['ALL', 'MARKETING']))
    .option('--reason <text>', 'kept in the ledger', text('--reason', 1_000));
  addAll(
    command,
    entryChannel(),
    sender(),
    campaign('the campaign that is to blame'),
    defaultCountry(),
    account(),
    actor(),
  );
  runs<Options>(command, async (out, options, args) => {
    const input = { isEntry: true, ...given(options, 'channel', 'defaultCountry') };
    const destinations = readDestinations(args, input);
    await withAccount(options, async (storage, owner) => {
      const contacts = await storage.contacts.resolve(owner.rootId, destinations);
      const campaignId =
        options.campaign === undefined ? undefined : await storage.streams.campaignId(owner.id, options.campaign);
      const written = await storage.optOuts.optOut(
        destinations.map((destination, n) => ({
          accountId: owner.id,
          contactId: contacts[n] as string,
          ...given(options, 'channel', 'sender', 'covers'),
          source: 'CUSTOM',
          ...(campaignId === undefined ? {} : { campaignId }),
          receivedAt: new Date(),
          actor: operator(options),
          evidence: given(options, 'reason'),
          domain: destination.kind === 'domain',
        })),
      );
      const entries = [...written]
        .sort((a, b) => a.n - b.n)
        .map(({ n, effect, entryId, eventId }) => ({ destination: n + 1, effect, entryId, eventId }));
      const added = entries.filter((entry) => entry.effect === 'added').length;
      out.result(
        { entries, acknowledgedAt: new Date().toISOString() },
        `${counted(added, 'entry', 'entries')} added, ${entries.length - added} there already; nothing is sent in their scope any more`,
      );
    });
  });
}
