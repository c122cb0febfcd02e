// One row of an opt-out file, as people and other systems write them. Pure: names and values in, entries to add out.
import { ENTRY_CHANNELS, isEmailChannel, type EntryChannel } from './channel.js';
import { DESTINATION_PROBLEMS, type Destination } from './destinations.js';
import { columnOf, type DestinationColumn } from './file-columns.js';
import { normaliseHuman } from './human-destinations.js';
import { isoSpan } from './iso-span.js';
import { SOURCES, type Covers, type Source } from './scope.js';

export interface ImportRow {
  readonly line: number;
  readonly destination: Destination;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source: Source;
  readonly covers: Covers;
  readonly complaint: boolean;
  readonly campaign?: string;
  /** When the person said so; absent: now. */
  readonly since?: Date;
  /** Absent: the account that imports. */
  readonly accountKey?: string;
}

/** What holds for rows that do not say otherwise. */
export interface ImportDefaults {
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source?: Source;
  readonly covers?: Covers;
  readonly campaign?: string;
  readonly defaultCountry?: string;
  readonly now: Date;
}

/** A row with a number and an address gives an entry for each: both belong to somebody who wants no messages. */
export interface ImportReading {
  readonly rows: readonly ImportRow[];
  /** Reasons never repeat what was written. */
  readonly rejects: readonly { readonly line: number; readonly reason: string }[];
}

/** What the columns of a file are, by their names; undefined for those that mean nothing here. */
export type ImportColumn = DestinationColumn | keyof typeof NAMES;

const NAMES = {
  channel: ['channel'],
  sender: ['sender', 'from'],
  source: ['source'],
  covers: ['covers'],
  complaint: ['complaint'],
  campaign: ['campaign', 'campaignreference', 'campaignreferenceid'],
  since: ['lastoptoutat', 'since', 'optedoutat', 'receivedat', 'addedat', 'added', 'date'],
  account: ['account', 'accountkey'],
} as const;

export const importColumns = (header: readonly string[]): (ImportColumn | undefined)[] =>
  header.map((name) => columnOf(name, NAMES));

const LONGEST = 255;

type Attributes = Omit<ImportRow, 'line' | 'destination'>;

export function readImportRow(
  line: number,
  columns: readonly (ImportColumn | undefined)[],
  cells: readonly string[],
  defaults: ImportDefaults,
): ImportReading {
  const cell = (column: ImportColumn): string | undefined => cellsOf(column, columns, cells)[0];
  const attributes = readAttributes(cell, defaults);
  if (typeof attributes === 'string') return { rows: [], rejects: [{ line, reason: attributes }] };
  const texts = destinationsFor(attributes.channel, columns, cells);
  const rows: ImportRow[] = [];
  const rejects: { line: number; reason: string }[] = [];
  for (const text of texts.length === 0 ? [''] : texts) {
    const read = normaliseHuman(text, {
      isEntry: true,
      ...(attributes.channel === undefined ? {} : { channel: attributes.channel }),
      ...(defaults.defaultCountry === undefined ? {} : { defaultCountry: defaults.defaultCountry }),
    });
    if (read.ok) rows.push({ line, destination: read.destination, ...attributes });
    else rejects.push({ line, reason: DESTINATION_PROBLEMS[read.reason] });
  }
  return { rows, rejects };
}

/** What the row says about its entry, or what is wrong with it. */
function readAttributes(
  cell: (column: ImportColumn) => string | undefined,
  defaults: ImportDefaults,
): Attributes | string {
  const channel = cell('channel')?.toUpperCase() ?? defaults.channel;
  if (!isOneOf(ENTRY_CHANNELS, channel)) return `channel must be one of ${ENTRY_CHANNELS.join(', ')}`;
  const source = cell('source')?.toUpperCase() ?? defaults.source;
  if (!isOneOf(SOURCES, source)) return `source must be one of ${SOURCES.join(', ')}`;
  const covers = cell('covers')?.toUpperCase() ?? defaults.covers;
  if (!isOneOf(['ALL', 'MARKETING'] as const, covers)) return 'covers must be ALL or MARKETING';
  const complaint = cell('complaint')?.toLowerCase();
  if (!isOneOf(['true', 'false'] as const, complaint)) return 'complaint must be true or false';
  const sender = cell('sender') ?? defaults.sender;
  const campaign = cell('campaign') ?? defaults.campaign;
  if ((sender?.length ?? 0) > LONGEST) return `sender has more than ${LONGEST} characters`;
  if ((campaign?.length ?? 0) > LONGEST) return `campaign has more than ${LONGEST} characters`;
  const written = cell('since');
  const since = written === undefined ? undefined : isoSpan(written)?.start;
  if (written !== undefined && since === undefined) return 'the time must be an ISO date, or time with its zone';
  if (since !== undefined && since > defaults.now.getTime()) return 'the time lies in the future';
  const accountKey = cell('account');
  if (accountKey !== undefined && !/^[0-9A-F]{32}$/.test(accountKey)) {
    return 'account must be 32 upper-case hexadecimal digits';
  }
  return {
    source: source ?? 'CUSTOM',
    covers: covers ?? 'ALL',
    complaint: complaint === 'true',
    ...(channel === undefined ? {} : { channel }),
    ...(sender === undefined ? {} : { sender }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(since === undefined ? {} : { since: new Date(since) }),
    ...(accountKey === undefined ? {} : { accountKey }),
  };
}

/** Every destination of the row; for one channel, those of its kind and those whose column does not tell. */
export function destinationsFor(
  channel: EntryChannel | undefined,
  columns: readonly (string | undefined)[],
  cells: readonly string[],
): readonly string[] {
  const other = channel === undefined ? undefined : isEmailChannel(channel) ? 'phone' : 'email';
  const wanted = (['phone', 'email', 'destination'] as const).filter((column) => column !== other);
  return wanted.flatMap((column) => cellsOf(column, columns, cells));
}

/** What stands in the columns of that name, blanks left out. */
function cellsOf(
  column: string,
  columns: readonly (string | undefined)[],
  cells: readonly string[],
): readonly string[] {
  return cells.map((cell) => cell.trim()).filter((cell, i) => columns[i] === column && cell !== '');
}

function isOneOf<T extends string>(names: readonly T[], value: string | undefined): value is T | undefined {
  return value === undefined || (names as readonly string[]).includes(value);
}
