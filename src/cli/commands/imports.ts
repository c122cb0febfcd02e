// blocklist imports: the files imported so far, and taking one back.
import type { Command } from 'commander';
import { importStore, type ListedImport } from '../../storage/imports.js';
import { runs, withAccount } from '../command.js';
import { account, actor, addAll, operator } from '../options.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
}

export function registerImports(program: Command): void {
  const imports = program
    .command('imports')
    .summary('list and undo imports')
    .description('The files imported so far, and taking one back.');

  const list = imports.command('list').summary('list imports').description('Imports, the newest first.');
  addAll(list, account());
  runs<Options>(list, async (out, options) =>
    withAccount(options, async (storage, owner) => {
      const found = await importStore(storage).list(owner);
      out.result({ imports: found }, found.length === 0 ? 'none' : found.map(describe).join('\n'));
    }),
  );

  const undo = imports
    .command('undo')
    .summary('take back what an import added')
    .description(
      'Lift what an import added, where nothing came since. What it made stronger stays so. Can be repeated.',
    )
    .argument('<id>');
  addAll(undo, account(), actor());
  runs<Options>(undo, async (out, options, [id = '']) =>
    withAccount(options, async (storage, owner) => {
      const done = await importStore(storage).undo(owner, id, operator(options));
      out.result(done, `${done.lifted} lifted, ${done.kept} kept`);
    }),
  );
}

function describe({ id, name, createdAt, counts, finishedAt, undoneAt }: ListedImport): string {
  const end = undoneAt !== undefined ? '; undone' : finishedAt === undefined ? '; not finished' : '';
  return `${id}: ${name}, ${createdAt.toISOString()}: ${counts['added'] ?? 0} added${end}`;
}
