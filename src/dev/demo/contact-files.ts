// The files of a run, as a shop would bring them: a contact list for each channel and a list of earlier opt-outs. They hold
// destinations, so only their owner may read them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { SENDING_CHANNELS, type SendingChannel } from '../../domain/channel.js';
import type { People } from './people.js';
import type { Run } from './run.js';

export interface ContactFiles {
  readonly folder: string;
  readonly contacts: Readonly<Record<SendingChannel, string>>;
  /** The SMS list with the people of the conversations: the second campaign goes to them as well. */
  readonly smsAfterwards: string;
  readonly optOuts: string;
}

/** What cost the old opt-outs, where somebody noted it. */
const OLD_CAMPAIGN = 'winter-sale';

export function writeContactFiles(cacheDir: string, run: Run, people: People): ContactFiles {
  const folder = join(cacheDir, 'demo', run.id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const write = (name: string, columns: readonly string[], rows: readonly (readonly string[])[]): string => {
    const file = join(folder, name);
    writeFileSync(file, stringify([[...columns], ...rows.map((row) => [...row])]), { mode: 0o600 });
    return file;
  };
  const contacts = (channel: SendingChannel, name: string, rows: People['rows'][SendingChannel]): string =>
    write(
      name,
      ['name', channel === 'EMAIL' ? 'email' : 'phone'],
      rows.map((row) => [row.name, row.written]),
    );
  const files = SENDING_CHANNELS.map(
    (channel) => [channel, contacts(channel, `${channel.toLowerCase()}.csv`, people.rows[channel])] as const,
  );
  return {
    folder,
    contacts: Object.fromEntries(files) as Record<SendingChannel, string>,
    smsAfterwards: contacts('SMS', 'sms-and-flows.csv', [
      ...people.rows.SMS,
      ...people.winBack,
      ...people.appointments,
    ]),
    optOuts: write(
      'opt-outs.csv',
      ['contact', 'campaign', 'since'],
      people.optedOut.map(({ written }, i) => [
        written,
        i % 3 === 0 ? '' : OLD_CAMPAIGN,
        `2026-01-${String((i % 28) + 1).padStart(2, '0')}`,
      ]),
    ),
  };
}
