// Options that several commands share, and how their values are read.
import { userInfo } from 'node:os';
import { Option, type Command } from 'commander';
import { ENTRY_CHANNELS, SENDING_CHANNELS, type EntryChannel, type SendingChannel } from '../domain/channel.js';
import { DESTINATION_PROBLEMS, type Destination } from '../domain/destinations.js';
import { InvalidInputError, type Violation } from '../domain/errors.js';
import { normaliseHuman, type HumanInput } from '../domain/human-destinations.js';
import { isoSpan } from '../domain/iso-span.js';

const LONGEST = 255;

/** Reads one of `names`, in any case. */
export function oneOf<T extends string>(flag: string, names: readonly T[]): (value: string) => T {
  return (value) => {
    const found = names.find((name) => name.toLowerCase() === value.trim().toLowerCase());
    if (found === undefined) throw wrong(flag, `must be one of ${names.join(', ')}`);
    return found;
  };
}

export function text(flag: string, longest = LONGEST): (value: string) => string {
  return (value) => {
    if (value.trim() === '' || value.length > longest) throw wrong(flag, `must have 1 to ${longest} characters`);
    return value;
  };
}

export function wholeNumber(flag: string, least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw wrong(flag, `must be a whole number from ${least} to ${most}`);
    return number;
  };
}

export function moment(flag: string): (value: string) => Date {
  return (value) => {
    const span = isoSpan(value);
    if (span === undefined) throw wrong(flag, 'must be an ISO date, or time with its zone');
    return new Date(span.start);
  };
}

export const account = (): Option =>
  new Option('--account <key>', 'account, 32 hexadecimal digits; default: the root account').argParser(
    (value: string) => {
      const key = value.trim().toUpperCase();
      if (!/^[0-9A-F]{32}$/.test(key)) throw wrong('--account', 'must be 32 hexadecimal digits');
      return key;
    },
  );

export const actor = (): Option =>
  new Option('--actor <name>', 'who does it, for the ledger; default: your user name').argParser(text('--actor', 100));

export const entryChannel = (): Option =>
  new Option('--channel <channel>', `${ENTRY_CHANNELS.join(', ')}; default: any`).argParser<EntryChannel>(
    oneOf('--channel', ENTRY_CHANNELS),
  );

export const sendingChannel = (): Option =>
  new Option('--channel <channel>', SENDING_CHANNELS.join(', ')).argParser<SendingChannel>(
    oneOf('--channel', SENDING_CHANNELS),
  );

export const sender = (words = 'sender; default: any'): Option =>
  new Option('--sender <sender>', words).argParser(text('--sender'));

export const campaign = (words = 'campaign reference'): Option =>
  new Option('--campaign <reference>', words).argParser(text('--campaign'));

export const defaultCountry = (): Option =>
  new Option('--default-country <code>', 'ISO 3166 code of the country of numbers without one, such as HR');

/** `operator:` and the name given, or that of the user. */
export function operator(options: { readonly actor?: string }): string {
  return `operator:${options.actor ?? userName()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without a name, as containers have them.
    return 'unknown';
  }
}

/** All or none: a list with one unreadable destination changes nothing. Messages number them and repeat none. */
export function readDestinations(raw: readonly string[], input: HumanInput): readonly Destination[] {
  const violations: Violation[] = [];
  const destinations: Destination[] = [];
  raw.forEach((text, n) => {
    const read = normaliseHuman(text, input);
    if (read.ok) destinations.push(read.destination);
    else violations.push({ path: `destination ${n + 1}`, message: DESTINATION_PROBLEMS[read.reason] });
  });
  if (violations.length > 0) throw new InvalidInputError(violations);
  return destinations;
}

export function addAll(command: Command, ...options: readonly Option[]): Command {
  for (const option of options) command.addOption(option);
  return command;
}

export const wrong = (path: string, message: string): InvalidInputError => new InvalidInputError([{ path, message }]);

/** The fields of `from` that are there, for objects whose optional fields must not be undefined. */
export function given<T extends object, K extends keyof T>(
  from: T,
  ...names: readonly K[]
): { [P in K]?: NonNullable<T[P]> } {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]])) as {
    [P in K]?: NonNullable<T[P]>;
  };
}
