// blocklist import: an opt-out file onto the list. Rows that cannot be read are counted with their lines; the others count.
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { EntryChannel } from '../../domain/channel.js';
import { InvalidInputError } from '../../domain/errors.js';
import { importColumns, readImportRow, type ImportDefaults, type ImportReading } from '../../domain/import-row.js';
import { SOURCES, type Covers, type Source } from '../../domain/scope.js';
import { runImport, type RunCounts } from '../../storage/import-run.js';
import { importStore } from '../../storage/imports.js';
import { runs, withAccount } from '../command.js';
import { inputFile, type InputFile } from '../file-lines.js';
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
  sender,
  text,
  wrong,
} from '../options.js';
import { counted, type Output } from '../output.js';
import { tableRows } from '../table-file.js';

interface Options {
  readonly account?: string;
  readonly actor?: string;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source?: Source;
  readonly covers?: Covers;
  readonly campaign?: string;
  readonly column?: string;
  readonly defaultCountry?: string;
  readonly dryRun?: boolean;
  readonly strict?: boolean;
}

const REJECTS_SHOWN = 20;

export function registerImport(program: Command): void {
  const command = program
    .command('import')
    .summary('import an opt-out file')
    .description(
      'Put the destinations of a CSV, or of a plain list, on the list. Columns are known by their names: destination, phone, ' +
        'email, channel, sender, source, covers, complaint, campaign, since, account; all but one destination are optional. ' +
        'An import never makes the list weaker, so it can be repeated.',
    )
    .argument('<file>', 'path, or - for standard input')
    .option('--source <source>', `${SOURCES.join(', ')}; default: CUSTOM`, oneOf('--source', SOURCES))
    .option('--covers <what>', 'ALL or MARKETING; default: ALL', oneOf('--covers', ['ALL', 'MARKETING']))
    .option('--column <name or number>', 'column of the destinations', text('--column'))
    .option('--dry-run', 'count what would change, and change nothing')
    .option('--strict', 'change nothing at all if a row cannot be read');
  addAll(command, entryChannel(), sender(), campaign(), defaultCountry(), account(), actor());
  runs<Options>(command, async (out, options, [path = '']) => {
    const file = await inputFile(path);
    if (options.strict === true) await refuseUnlessReadable(file, path, options);
    await withAccount(options, async (storage, owner) => {
      const imports = importStore(storage);
      const run =
        options.dryRun === true ? imports.dryRun(owner) : await imports.start(owner, basename(path), operator(options));
      const progress = out.progress(options.dryRun === true ? 'reading' : 'importing', file.bytes);
      const counts = await runImport(run, readFile(file, options, progress.update));
      progress.stop();
      tell(out, counts, 'id' in run ? (run.id as string) : undefined);
    });
  });
}

async function* readFile(
  file: InputFile,
  options: Options,
  onRead?: (bytes: number) => void,
): AsyncGenerator<ImportReading> {
  const defaults: ImportDefaults = {
    ...given(options, 'channel', 'sender', 'source', 'covers', 'campaign', 'defaultCountry'),
    now: new Date(),
  };
  const table = tableRows(file, {
    columnsOf: importColumns,
    isDestination: (column) => column === 'phone' || column === 'email' || column === 'destination',
    ...given(options, 'column'),
    ...(onRead === undefined ? {} : { onRead }),
  });
  for await (const row of table) {
    if ('problem' in row) yield { rows: [], rejects: [{ line: row.line, reason: row.problem }] };
    else yield readImportRow(row.line, row.columns, row.cells, defaults);
  }
}

async function refuseUnlessReadable(file: InputFile, path: string, options: Options): Promise<void> {
  if (path === '-') throw wrong('--strict', 'needs a file: standard input cannot be read twice');
  const violations: { path: string; message: string }[] = [];
  for await (const { rejects } of readFile(file, options)) {
    violations.push(...rejects.map(({ line, reason }) => ({ path: `line ${line}`, message: reason })));
    if (violations.length >= REJECTS_SHOWN) break;
  }
  if (violations.length > 0) throw new InvalidInputError(violations);
}

function tell(out: Output, counts: RunCounts, id: string | undefined): void {
  const { rejects, ...sum } = counts;
  for (const { line, reason } of rejects.slice(0, out.isJson ? 0 : REJECTS_SHOWN)) out.note(`line ${line}: ${reason}`);
  if (!out.isJson && counts.rejected > REJECTS_SHOWN) out.note(`... and ${counts.rejected - REJECTS_SHOWN} more`);
  out.result(
    { ...(id === undefined ? { dryRun: true } : { importId: id }), ...sum, rejects },
    `${counted(sum.rows, 'row')}: ${sum.added} added, ${sum.strengthened} strengthened, ${sum.already} there already, ${sum.rejected} rejected` +
      (id === undefined ? ' (nothing was changed)' : ''),
  );
}
