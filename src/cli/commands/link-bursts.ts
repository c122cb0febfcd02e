// blocklist link-bursts: presses of opt-out links that look like a machine's, and taking them back.
import type { Command } from 'commander';
import { listBursts, reverseBurst, type LinkBurst } from '../../storage/link-bursts.js';
import { runs, withAccount } from '../command.js';
import { account, actor, addAll, operator } from '../options.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
}

const COMMON: Readonly<Record<LinkBurst['kind'], string>> = {
  ADDRESS: 'from one address',
  INSTANT: 'within a second of their messages',
  USER_AGENT: 'with one user agent',
};

export function registerLinkBursts(program: Command): void {
  const bursts = program
    .command('link-bursts')
    .summary('list and reverse bursts of presses of opt-out links')
    .description('Presses of opt-out links for many people in a row. They count until they are reversed.');

  const list = bursts.command('list').summary('list bursts of presses').description('Bursts, the newest first.');
  addAll(list, account());
  runs<Options>(list, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const found = await listBursts(storage.db, owner);
      out.result({ bursts: found }, found.length === 0 ? 'none' : found.map(describe).join('\n'));
    }),
  );

  const reverse = bursts
    .command('reverse')
    .summary('take back the presses of a burst')
    .description('Lift exactly the entries that the presses made, where nothing came since. Can be repeated.')
    .argument('<id>');
  addAll(reverse, account(), actor());
  runs<Options>(reverse, async (out, options, [id = '']) =>
    withAccount(options, async (storage, owner) => {
      const burst = await reverseBurst(storage.db, owner, id, operator(options));
      out.result(burst, describe(burst));
    }),
  );
}

function describe({ id, kind, beganAt, presses, lifted, reversedBy }: LinkBurst): string {
  const reversed = reversedBy === undefined ? '' : `; reversed by ${reversedBy}, ${lifted} lifted`;
  return `${id}: ${presses} presses ${COMMON[kind]}, ${beganAt.toISOString()}${reversed}`;
}
