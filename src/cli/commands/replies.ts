// blocklist replies: how replies are read, tried out, reported, and decided by a human where the reading is not certain.
import type { Command } from 'commander';
import { REPLY_MODES, type ReplyMode, type ReplyReading } from '../../domain/replies/reading.js';
import { senderKey } from '../../domain/sender.js';
import { readReply } from '../../domain/replies/read-reply.js';
import { replyPolicyStore } from '../../storage/reply-policies.js';
import {
  decideReviews,
  MOST_DECISIONS,
  openReviews,
  readingCounts,
  REVIEW_DECISIONS,
  type ReplyReview,
  type ReviewDecision,
} from '../../storage/reply-reviews.js';
import { runs, withAccount } from '../command.js';
import { inputFile } from '../file-lines.js';
import { account, actor, addAll, given, moment, oneOf, operator, sender, wrong } from '../options.js';
import { counted } from '../output.js';
import { readText } from '../text-input.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
  readonly sender?: string;
  readonly since?: Date;
  readonly actAt?: number;
  readonly reviewAt?: number;
}

/** As long as what is kept of a reply. */
const LONGEST_REPLY = 20_000;
const WEEK_MS = 7 * 24 * 3_600_000;

export function registerReplies(program: Command): void {
  const replies = program
    .command('replies')
    .summary('how replies are read, and those that wait for you')
    .description('How replies are read as people write them, and those that wait for a human.');
  registerTry(replies);
  registerReviews(replies);
  registerDecide(replies);
  registerReport(replies);
  registerMode(replies);
}

function registerTry(replies: Command): void {
  const command = replies
    .command('try')
    .description('Tell how a reply would be read, and why. Changes nothing, needs no database.')
    .argument('<text>', 'the reply, or - for standard input');
  runs<object>(command, async (out, _options, [raw = '']) => {
    const reading = readReply(raw === '-' ? await readText(await inputFile('-'), LONGEST_REPLY) : raw);
    out.result(reading, describe(reading));
  });
}

function registerReviews(replies: Command): void {
  const command = replies
    .command('reviews')
    .description('Replies that wait for a human, oldest first. Marketing to their senders is held until then.');
  addAll(command, account());
  runs<Options>(command, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const reviews = await openReviews(storage.db, owner, { limit: MOST_DECISIONS });
      out.result({ reviews }, reviews.length === 0 ? 'no reply waits' : reviews.map(describeReview).join('\n'));
    }),
  );
}

function registerDecide(replies: Command): void {
  const command = replies
    .command('decide')
    .description('Decide replies that wait: opt-out lists the person, keep releases what is held.')
    .argument('<ids>', 'the review by its id, several with commas, or "all" that wait now')
    .argument('<decision>', REVIEW_DECISIONS.join(' or '));
  addAll(command, account(), actor());
  runs<Options>(command, async (out, options, [raw = '', said = '']) =>
    withAccount(options, async (storage, owner) => {
      const decision: ReviewDecision = oneOf('decision', REVIEW_DECISIONS)(said);
      const ids =
        raw === 'all'
          ? (await openReviews(storage.db, owner, { limit: MOST_DECISIONS })).map(({ id }) => id)
          : raw.split(',').map((id) => id.trim());
      if (ids.length > MOST_DECISIONS || !ids.every((id) => /^[1-9][0-9]{0,17}$/.test(id))) {
        throw wrong('ids', `must be "all" or up to ${MOST_DECISIONS} ids, see \`blocklist replies reviews\``);
      }
      const { decided } = await decideReviews(storage.db, owner, ids, decision, operator(options));
      out.result({ decided }, `${counted(decided.length, 'reply', 'replies')} decided: ${decision}`);
    }),
  );
}

function registerReport(replies: Command): void {
  const command = replies
    .command('report')
    .description('How replies were read, by label, language and reason, so that a bad rule is seen.')
    .option('--since <time>', 'read since then; default: the last seven days', moment('--since'));
  addAll(command, account());
  runs<Options>(command, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const since = options.since ?? new Date(Date.now() - WEEK_MS);
      const readings = await readingCounts(storage.db, owner, since);
      const lines = readings.map(
        ({ label, language, reason, action, replies: count, kept }) =>
          `${String(count).padStart(8)}  ${label}, ${language}, ${reason}: ${action}${kept === 0 ? '' : `, ${kept} kept after review`}`,
      );
      out.result({ since, readings }, lines.length === 0 ? 'no reply was read' : lines.join('\n'));
    }),
  );
}

function registerMode(replies: Command): void {
  const share = (flag: string) => (value: string) => {
    const number = /^(?:0(?:\.\d{1,4})?|1(?:\.0{1,4})?)$/.test(value) ? Number(value) : Number.NaN;
    if (Number.isNaN(number)) throw wrong(flag, 'must be a number from 0 to 1');
    return number;
  };
  const command = replies
    .command('mode')
    .description('Tell or set how far readings may go, for an account or one of its senders.')
    .argument('[mode]', REPLY_MODES.map((mode) => `"${mode}"`).join(', '))
    .option('--act-at <share>', 'act at once from this confidence on; default 0.9', share('--act-at'))
    .option('--review-at <share>', 'ask a human from this confidence on; default 0.5', share('--review-at'));
  addAll(command, sender(), account());
  runs<Options>(command, async (out, options, [raw]) =>
    withAccount(options, async (storage, owner) => {
      const policies = replyPolicyStore(storage.db);
      const mode: ReplyMode | undefined = raw === undefined ? undefined : oneOf('mode', REPLY_MODES)(raw);
      const change = { ...given(options, 'sender', 'actAt', 'reviewAt'), ...(mode === undefined ? {} : { mode }) };
      const { sender: _sender, ...changes } = change;
      const isQuestion = Object.keys(changes).length === 0;
      const policy = isQuestion
        ? await policies.policyFor(owner.ancestors, options.sender === undefined ? '' : senderKey(options.sender))
        : await policies.set(owner, change);
      out.result(policy, `${policy.mode}: acts at ${policy.actAt}, asks a human at ${policy.reviewAt}`);
    }),
  );
}

function describe({ label, action, reason, words, language, confidence }: ReplyReading): string {
  const why = [reason.replaceAll('_', ' '), ...(words.length === 0 ? [] : [`"${words.join(' ')}"`])].join(' ');
  const sure = `${Math.round(confidence * 100)} % sure`;
  return `${label} -> ${action}: ${why}${language === 'und' ? '' : ` (${language})`}, ${sure}`;
}

function describeReview(review: ReplyReview): string {
  const by = review.decideBy.toISOString().slice(0, 10);
  const why = review.reason === undefined ? 'could not be read' : review.reason.replaceAll('_', ' ');
  return `${review.id}: ${review.channel} to ${review.sender}, decide by ${by} (${why}): ${JSON.stringify(review.text)}`;
}
