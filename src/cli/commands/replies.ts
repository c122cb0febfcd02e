// blocklist replies: how replies are read, tried out.
import type { Command } from 'commander';
import type { ReplyReading } from '../../domain/replies/reading.js';
import { readReply } from '../../domain/replies/read-reply.js';
import { runs } from '../command.js';
import { inputFile } from '../file-lines.js';
import { readText } from '../text-input.js';

/** As long as what is kept of a reply. */
const LONGEST_REPLY = 20_000;

export function registerReplies(program: Command): void {
  const replies = program
    .command('replies')
    .summary('how replies are read, and those that wait for you')
    .description('How replies are read as people write them.');
  registerTry(replies);
}

function registerTry(replies: Command): void {
  const command = replies
    .command('try')
    .description('Tell how a reply would be read, and why. Changes nothing, needs no database.')
    .argument('<text>', 'the reply, or - for standard input');
  runs<object>(command, async (out, _options, [raw = '']) => {
    const text = raw === '-' ? await readText(await inputFile('-'), LONGEST_REPLY) : raw;
    const reading = readReply(text);
    out.result(reading, describe(reading));
  });
}

function describe({ label, action, reason, words, language, confidence }: ReplyReading): string {
  const why = [reason.replaceAll('_', ' '), ...(words.length === 0 ? [] : [`"${words.join(' ')}"`])].join(' ');
  const sure = `${Math.round(confidence * 100)} % sure`;
  return `${label} -> ${action}: ${why}${language === 'und' ? '' : ` (${language})`}, ${sure}`;
}
