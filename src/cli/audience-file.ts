// The audience of a broadcast in a file: for each row the destination that fits the channel.
import type { SendingChannel } from '../domain/channel.js';
import { columnOf } from '../domain/file-columns.js';
import { destinationsFor } from '../domain/import-row.js';
import type { AudienceLine } from '../storage/broadcasts.js';
import type { InputFile } from './file-lines.js';
import { given } from './options.js';
import { tableRows } from './table-file.js';

export interface AudienceFile {
  /** Rows in the file's order. One that has no destination for the channel, or cannot be read, comes as an empty one. */
  lines(): AsyncGenerator<AudienceLine>;
  /** How many rows read so far had no destination for the channel. */
  withoutChannel(): number;
}

export interface AudienceOptions {
  readonly channel: SendingChannel;
  readonly column?: string;
  readonly defaultCountry?: string;
}

export function audienceFile(file: InputFile, options: AudienceOptions, onRead: (bytes: number) => void): AudienceFile {
  const human = given(options, 'defaultCountry');
  let withoutChannel = 0;
  return {
    async *lines() {
      const table = tableRows(file, {
        columnsOf: (header) => header.map((name) => columnOf(name, {})),
        isDestination: (column) => column !== undefined,
        ...given(options, 'column'),
        onRead,
      });
      for await (const row of table) {
        // The broken row itself: nothing it could be read as is a destination, and its line is counted.
        if ('problem' in row) {
          yield { line: row.line, destination: '"', human };
          continue;
        }
        const [destination = ''] = destinationsFor(options.channel, row.columns, row.cells);
        if (destination === '') withoutChannel += 1;
        yield { line: row.line, destination, human };
      }
    },
    withoutChannel: () => withoutChannel,
  };
}
