// An entry as a row of a file. What is exported can be imported again.
import type { ListedEntry } from './entries.js';

/** `last_opt_out_at` before `added_at`: an import takes the first of them as the time of the opt-out. */
export const EXPORT_COLUMNS: readonly string[] = [
  'destination',
  'kind',
  'channel',
  'sender',
  'source',
  'covers',
  'complaint',
  'campaign',
  'last_opt_out_at',
  'added_at',
  'account',
  'entry',
];

/** In the order of {@link EXPORT_COLUMNS}. */
export const exportCells = (entry: ListedEntry): string[] => [
  entry.destination ?? '',
  entry.kind,
  entry.channel ?? '',
  entry.sender ?? '',
  entry.source,
  entry.covers,
  String(entry.complaint),
  entry.campaign ?? '',
  entry.lastReceivedAt.toISOString(),
  entry.addedAt.toISOString(),
  entry.accountKey,
  entry.id,
];
