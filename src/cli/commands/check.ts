// blocklist check: would a message go out now?
import type { Command } from 'commander';
import type { SendingChannel } from '../../domain/channel.js';
import type { Destination } from '../../domain/destinations.js';
import { entryInWords } from '../../domain/plain-words.js';
import type { Purpose } from '../../domain/scope.js';
import type { Verdict } from '../../storage/preview.js';
import { runs, withAccount } from '../command.js';
import { EXIT } from '../exit-codes.js';
import {
  account,
  addAll,
  defaultCountry,
  given,
  oneOf,
  readDestinations,
  sender,
  sendingChannel,
  wrong,
} from '../options.js';

interface Options {
  readonly account?: string;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly purpose?: Purpose;
  readonly defaultCountry?: string;
}

export function registerCheck(program: Command): void {
  const command = program
    .command('check')
    .summary('tell whether messages to destinations would be sent')
    .description(
      'Tell whether a message would go out now, without sending or storing anything. Ends with status 3 if one is blocked.',
    )
    .argument('<destinations...>')
    .option(
      '--purpose <purpose>',
      'MARKETING or SERVICE; default: MARKETING',
      oneOf('--purpose', ['MARKETING', 'SERVICE']),
    );
  addAll(
    command,
    sendingChannel().default(undefined, 'SMS for numbers, EMAIL for addresses'),
    sender('sender; without it only what holds for any sender counts'),
    defaultCountry(),
    account(),
  );
  runs<Options>(command, async (out, options, args) => {
    const destinations = readDestinations(args, given(options, 'channel', 'defaultCountry'));
    const domain = destinations.findIndex((destination) => destination.kind === 'domain');
    if (domain >= 0) throw wrong(`destination ${domain + 1}`, 'is a whole domain, which nothing can be sent to');
    return withAccount(options, async (storage, owner) => {
      const { preview } = await import('../../storage/preview.js');
      const results: { destination: number; channel: SendingChannel; verdict: Verdict }[] = [];
      for (const channel of new Set(destinations.map((destination) => channelOf(destination, options)))) {
        const numbered = destinations.map((destination, n) => ({ destination, n }));
        const asked = numbered.filter(({ destination }) => channelOf(destination, options) === channel);
        const verdicts = await preview(
          storage.db,
          storage.contacts,
          { account: owner, channel, ...given(options, 'sender', 'purpose') },
          asked.map(({ destination }) => destination),
        );
        asked.forEach(({ n }, i) => results.push({ destination: n + 1, channel, verdict: verdicts[i] as Verdict }));
      }
      results.sort((a, b) => a.destination - b.destination);
      out.result(
        {
          results: results.map(({ destination, channel, verdict: { kind, ...why } }) => ({
            destination,
            channel,
            verdict: kind,
            ...why,
          })),
        },
        results.map((result) => `${result.destination}: ${result.channel} ${inWords(result.verdict)}`).join('\n'),
      );
      return results.some(({ verdict }) => verdict.kind === 'blocked') ? EXIT.blocked : EXIT.ok;
    });
  });
}

const channelOf = (destination: Destination, options: Options): SendingChannel =>
  options.channel ?? (destination.kind === 'email' ? 'EMAIL' : 'SMS');

function inWords(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'permitted':
      return 'permitted';
    case 'held':
      return `held (${verdict.reason})`;
    case 'blocked': {
      const facts = { ...verdict.explanation, complaint: false, lastReceivedAt: verdict.explanation.since };
      return `blocked. ${entryInWords(facts)}`;
    }
  }
}
