// blocklist halt, resume and halts: the operator's stop switch.
import type { Command } from 'commander';
import { SENDING_CHANNELS, type SendingChannel } from '../../domain/channel.js';
import { haltStore, type Halt } from '../../storage/halts.js';
import { runs, withAccount } from '../command.js';
import { account, actor, addAll, given, operator, sender, sendingChannel, text, wholeNumber } from '../options.js';
import { counted } from '../output.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
  readonly channel?: SendingChannel;
  readonly sender?: string;
  readonly reason?: string;
  readonly id?: number;
}

const LARGEST_ID = 2_147_483_647;

export function registerHalts(program: Command): void {
  const halt = program
    .command('halt')
    .summary('stop sending: everything in scope is held until resumed')
    .description(
      'Stop sending for an account and those below it, or one channel or sender of them. Ends when no message in scope can ' +
        'leave any more. Nothing is lost: messages are held until `blocklist resume`.',
    )
    .requiredOption('--reason <text>', 'why, for those who find it', text('--reason', 1_000));
  addAll(halt, anyChannel(), sender(), account(), actor());
  runs<Options>(halt, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const scope = given(options, 'channel', 'sender');
      const done = await haltStore(storage.db).halt(owner, scope, options.reason ?? '', operator(options));
      out.result(done, `${done.isNew ? 'halted' : 'was halted already'}: ${describe(done.halt)}`);
    }),
  );

  const resume = program
    .command('resume')
    .summary('end a halt')
    .description('End the halt with exactly this scope; what it held, and no other halt covers, goes on.')
    .option('--id <halt>', 'the halt by its id, see `blocklist halts`', wholeNumber('--id', 1, LARGEST_ID));
  addAll(resume, anyChannel(), sender(), account(), actor());
  runs<Options>(resume, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const halts = haltStore(storage.db);
      const which = options.id === undefined ? given(options, 'channel', 'sender') : { id: options.id };
      const { ended, released } = await halts.resume(owner, which, operator(options));
      const inForce = await halts.active(owner);
      out.result(
        { ended, released, inForce },
        [
          `resumed, ${counted(released, 'held message')} decided again`,
          ...inForce.map((other) => `still halted: ${describe(other)}`),
        ].join('\n'),
      );
    }),
  );

  const list = program.command('halts').summary('list the halts in force').description('The halts in force.');
  addAll(list, account());
  runs<Options>(list, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const halts = await haltStore(storage.db).active(owner);
      out.result({ halts }, halts.length === 0 ? 'nothing is halted' : halts.map(describe).join('\n'));
    }),
  );
}

const anyChannel = () => {
  const option = sendingChannel();
  option.description = `${SENDING_CHANNELS.join(', ')}; default: any`;
  return option;
};

function describe(halt: Halt): string {
  const scope = [halt.channel ?? 'every channel', halt.sender === undefined ? 'every sender' : `sender ${halt.sender}`];
  const when = halt.haltedAt.toISOString().slice(0, 19).replace('T', ' ');
  return `${halt.id}: account ${halt.accountKey}, ${scope.join(', ')}, since ${when} UTC by ${halt.actor}: ${halt.reason}`;
}
