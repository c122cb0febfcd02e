// blocklist broadcast: one message to everybody in a file; or, as a dry run, who would get it and who would not.
import type { Command } from 'commander';
import type { SendingChannel } from '../../domain/channel.js';
import { InvalidInputError } from '../../domain/errors.js';
import { parseBroadcastSpec } from '../../domain/broadcast-spec.js';
import { dryRun } from '../../storage/broadcasts.js';
import type { Storage } from '../../storage/storage.js';
import { audienceFile } from '../audience-file.js';
import { sendToFile, showRejects } from '../broadcast-run.js';
import { runs, withStorage } from '../command.js';
import { inputFile, type InputFile } from '../file-lines.js';
import {
  account,
  addAll,
  campaign,
  defaultCountry,
  given,
  sender,
  sendingChannel,
  text,
  wholeNumber,
} from '../options.js';
import { counted, type Output } from '../output.js';
import { readText } from '../text-input.js';

interface Options {
  readonly file: string;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly campaign?: string;
  readonly text?: string;
  readonly textFile?: string;
  readonly subject?: string;
  readonly account?: string;
  readonly rate?: number;
  readonly validFor?: number;
  readonly column?: string;
  readonly defaultCountry?: string;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
}

/** E-mail is the longest; the channel's own limit is checked with the rest. */
const LONGEST_TEXT = 500_000;

export function registerBroadcast(program: Command): void {
  const command = program
    .command('broadcast')
    .summary('send one message to everybody in a file')
    .description(
      'Send one message to the destinations of a CSV or a plain list, each once. Who is on the Do Not Contact list when his ' +
        'turn comes gets nothing. Ends when the broadcast has been started; with --wait when it is finished.',
    )
    .requiredOption('--file <path>', 'contacts, or - for standard input')
    .option('--text <text>', 'the message')
    .option('--text-file <path>', 'the message from a file, or - for standard input')
    .option('--subject <text>', 'EMAIL and MMS only')
    .option(
      '--rate <n>',
      'messages per second; default: as fast as the provider takes them',
      wholeNumber('--rate', 1, 100_000),
    )
    .option('--valid-for <seconds>', 'nothing leaves later than this', wholeNumber('--valid-for', 1, 30 * 86_400))
    .option('--column <name or number>', 'column of the destinations', text('--column'))
    .option('--dry-run', 'count who would get it and who would not, and send nothing')
    .option('--wait', 'stay until it is finished');
  addAll(
    command,
    sendingChannel().makeOptionMandatory(),
    sender('sender').makeOptionMandatory(),
    campaign(),
    defaultCountry(),
    account(),
  );
  runs<Options>(command, async (out, options) => {
    const file = await inputFile(options.file);
    if (options.dryRun === true) return withStorage((storage) => rehearse(out, storage, options, file));
    const spec = parseBroadcastSpec(await specOf(options));
    return withStorage((storage) => sendToFile(out, storage, { spec, file, options }));
  });
}

async function specOf(options: Options): Promise<unknown> {
  const violations = [
    ...(options.campaign === undefined
      ? [{ path: '--campaign', message: 'is needed: sends and opt-outs are counted under it' }]
      : []),
    ...((options.text === undefined) === (options.textFile === undefined)
      ? [{ path: '--text', message: 'is needed, or --text-file, and not both' }]
      : []),
    ...(options.file === '-' && options.textFile === '-'
      ? [{ path: '--text-file', message: 'cannot be standard input as well' }]
      : []),
  ];
  if (violations.length > 0) throw new InvalidInputError(violations);
  return {
    ...(options.account === undefined ? {} : { accountKey: options.account }),
    campaignReference: options.campaign,
    channel: options.channel,
    sender: options.sender,
    text: options.text ?? (await readText(await inputFile(options.textFile ?? '-'), LONGEST_TEXT)),
    ...given(options, 'subject'),
    ...(options.rate === undefined ? {} : { messagesPerSecond: options.rate }),
    ...(options.validFor === undefined ? {} : { validForSeconds: options.validFor }),
  };
}

async function rehearse(out: Output, storage: Storage, options: Options, file: InputFile): Promise<void> {
  const progress = out.progress('reading', file.bytes);
  const audience = audienceFile(file, options, progress.update);
  const spec = { channel: options.channel, sender: options.sender, ...accountOf(options) };
  const { invalid, ...found } = await dryRun(storage, spec, audience.lines());
  progress.stop();
  const unreadable = invalid - audience.withoutChannel();
  showRejects(out, found.rejects, invalid);
  out.result({ dryRun: true, ...found, noChannel: audience.withoutChannel(), invalid: unreadable }, () =>
    [
      `${counted(found.audience, 'recipient')} (${found.duplicates} more were duplicates); nothing was sent`,
      `  would be sent: ${found.wouldSend}`,
      `  blocked:       ${found.blocked.total}${bySource(found.blocked.bySource)}`,
      `  held:          ${found.held}`,
      `rows without a destination for ${options.channel}: ${audience.withoutChannel()}, unreadable: ${unreadable}`,
    ].join('\n'),
  );
}

const accountOf = (options: Options): { readonly accountKey?: string } =>
  options.account === undefined ? {} : { accountKey: options.account };

function bySource(counts: Readonly<Record<string, number>>): string {
  const named = Object.entries(counts).filter(([, n]) => n > 0);
  return named.length === 0 ? '' : ` (${named.map(([source, n]) => `${source} ${n}`).join(', ')})`;
}
