// blocklist keyword: what replies mean, tried out and set up.
import type { Command } from 'commander';
import type { SendingChannel } from '../../domain/channel.js';
import { readKeyword } from '../../domain/replies/keywords.js';
import type { Level } from '../../domain/scope.js';
import { senderKey } from '../../domain/sender.js';
import { keywordStore, type ConfiguredKeyword } from '../../storage/keywords.js';
import { runs, withAccount } from '../command.js';
import { inputFile } from '../file-lines.js';
import { account, addAll, given, oneOf, sender, sendingChannel, text, wrong } from '../options.js';
import { readText } from '../text-input.js';

interface Options {
  readonly account?: string;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly action?: 'BLOCK' | 'UNBLOCK';
  readonly level?: Level;
  readonly autoResponse?: string;
}

/** As long as what is kept of a reply. */
const LONGEST_REPLY = 20_000;
const LONGEST_RESPONSE = 1_080;

export function registerKeyword(program: Command): void {
  const keyword = program
    .command('keyword')
    .summary('try out and set up keywords')
    .description('Keywords in replies: what they mean, tried out and set up.');
  registerTest(keyword);
  registerList(keyword);
  registerSet(keyword);
  registerRemove(keyword);
}

function registerTest(keyword: Command): void {
  const command = keyword
    .command('test')
    .summary('tell how a reply would be read')
    .description('Tell how a reply would be read. Changes nothing.')
    .argument('<text>', 'the reply, or - for standard input');
  addAll(command, sendingChannel().default('SMS'), sender('sender the reply came to'), account());
  runs<Options>(command, async (out, options, [raw = '']) => {
    const reply = raw === '-' ? await readText(await inputFile('-'), LONGEST_REPLY) : raw;
    await withAccount(options, async (storage, owner) => {
      const key = senderKey(options.sender ?? '');
      const rules = await keywordStore(storage.db).keywordsFor(owner.ancestors, options.channel ?? 'SMS', key);
      const reading = readKeyword(reply, rules);
      const by = reading.rule === undefined ? 'built in' : `configured keyword ${reading.rule.id ?? ''}`;
      const { action, level } = reading;
      const answer = reading.rule?.autoResponse === undefined ? '' : `; answers: ${reading.rule.autoResponse}`;
      out.result(
        reading,
        action === 'NONE' && reading.rule === undefined
          ? 'NONE: ordinary talk'
          : `${action}${action === 'BLOCK' || action === 'UNBLOCK' ? ` ${level}` : ''} (${by})${answer}`,
      );
    });
  });
}

function registerList(keyword: Command): void {
  const command = keyword
    .command('list')
    .summary('list the keywords of an account')
    .description('The keywords configured for an account.');
  addAll(command, sendingChannel(), sender('those that hold for this sender'), account());
  runs<Options>(command, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const keywords = await keywordStore(storage.db).list(owner, given(options, 'channel', 'sender'));
      out.result({ keywords }, keywords.length === 0 ? 'none configured' : keywords.map(describe).join('\n'));
    }),
  );
}

function registerSet(keyword: Command): void {
  const command = keyword
    .command('set')
    .summary('set a keyword up, or change it')
    .description('Set a keyword up, or change it. Without a word it is the catch-all, tried when nothing else matches.')
    .argument('[word]')
    .option(
      '--action <action>',
      'BLOCK or UNBLOCK; without it the reply is only answered',
      oneOf('--action', ['BLOCK', 'UNBLOCK']),
    )
    .option(
      '--level <level>',
      'FROM_ANY_SENDER or FROM_SENDER; default: FROM_ANY_SENDER',
      oneOf('--level', ['FROM_ANY_SENDER', 'FROM_SENDER']),
    )
    .option('--auto-response <text>', 'what the person is answered', text('--auto-response', LONGEST_RESPONSE));
  addAll(command, sendingChannel(), sender(), account());
  runs<Options>(command, async (out, options, [word]) =>
    withAccount(options, async (storage, owner) => {
      const stored = await keywordStore(storage.db).set(owner, {
        ...given(options, 'channel', 'sender', 'action', 'level', 'autoResponse'),
        ...(word === undefined ? {} : { keyword: word }),
      });
      out.result(stored, describe(stored));
    }),
  );
}

function registerRemove(keyword: Command): void {
  const command = keyword
    .command('remove')
    .summary('remove a keyword')
    .description('Remove a keyword by its id.')
    .argument('<id>');
  addAll(command, account());
  runs<Options>(command, async (out, options, [id = '']) =>
    withAccount(options, async (storage, owner) => {
      if (!(await keywordStore(storage.db).remove(owner, id))) throw wrong('id', 'is no keyword of this account');
      out.result({ removed: id }, 'removed');
    }),
  );
}

function describe(keyword: ConfiguredKeyword): string {
  const scope = `${keyword.channel ?? 'every channel'}, ${keyword.sender === undefined ? 'every sender' : `sender ${keyword.sender}`}`;
  const action = keyword.action === undefined ? 'answers only' : `${keyword.action} ${keyword.level ?? ''}`;
  return `${keyword.id}: ${keyword.keyword ?? '(anything else)'} on ${scope}: ${action}`;
}
