// A file of rows with the meaning of its columns: named in a header, or one column of destinations without any.
import { InvalidInputError } from '../domain/errors.js';
import { DESTINATION_NAMES, isHeader } from '../domain/file-columns.js';
import { csvRows } from './csv-rows.js';
import type { InputFile } from './file-lines.js';
import { wrong } from './options.js';

export type TableRow<Column> =
  | { readonly line: number; readonly cells: readonly string[]; readonly columns: readonly (Column | undefined)[] }
  | { readonly line: number; readonly problem: string };

export interface TableOptions<Column> {
  /** What the columns of a header are. */
  columnsOf(header: readonly string[]): readonly (Column | 'destination' | undefined)[];
  readonly isDestination: (column: Column | 'destination' | undefined) => boolean;
  /** The column of destinations by its name in the header or its number, counted from 1, where neither can be told. */
  readonly column?: string;
  readonly onRead?: (bytes: number) => void;
}

/** @throws InvalidInputError if no column can be told to hold destinations. */
export async function* tableRows<Column>(
  file: InputFile,
  options: TableOptions<Column>,
): AsyncGenerator<TableRow<Column | 'destination'>> {
  let columns: readonly (Column | 'destination' | undefined)[] | undefined;
  for await (const row of csvRows(file.lines(options.onRead))) {
    if ('problem' in row) {
      yield row;
    } else if (columns === undefined) {
      const start = readStart(row.cells, options);
      columns = start.columns;
      if (!start.isHeader) yield { ...row, columns };
    } else {
      yield { ...row, columns };
    }
  }
}

interface Start<Column> {
  readonly columns: readonly (Column | 'destination' | undefined)[];
  readonly isHeader: boolean;
}

function readStart<Column>(cells: readonly string[], options: TableOptions<Column>): Start<Column> {
  const named = options.columnsOf(cells);
  const { column, isDestination } = options;
  if (column !== undefined) return chosen(cells, named, { column, isDestination });
  if (named.some(isDestination)) return { columns: named, isHeader: true };
  // One column can only hold destinations, whatever it is called.
  if (cells.length === 1) return { columns: ['destination'], isHeader: isHeader(cells) };
  throw new InvalidInputError([
    {
      path: 'file',
      message: `no column is called ${DESTINATION_NAMES.slice(0, 5).join(', ')} or the like; name it with --column`,
    },
  ]);
}

/** The column the user has named; the others keep what their names say, but are no destinations. */
function chosen<Column>(
  cells: readonly string[],
  named: readonly (Column | 'destination' | undefined)[],
  { column, isDestination }: { readonly column: string; readonly isDestination: TableOptions<Column>['isDestination'] },
): Start<Column> {
  const byName = cells.findIndex((cell) => cell.trim().toLowerCase() === column.trim().toLowerCase());
  const at = byName >= 0 ? byName : /^\d{1,4}$/.test(column) ? Number(column) - 1 : -1;
  if (at < 0 || at >= cells.length)
    throw wrong('--column', 'is neither a name in the header nor the number of a column');
  return {
    columns: named.map((name, i) => (i === at ? 'destination' : isDestination(name) ? undefined : name)),
    isHeader: byName >= 0 || isHeader(cells) || named.some((name) => name !== undefined),
  };
}
