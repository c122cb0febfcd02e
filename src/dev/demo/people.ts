// The people of one run: ten thousand rows of contacts as a shop has collected them over the years, with everything that is
// wrong with such lists. Knows the destinations, so nothing of this may be printed.
import { SENDING_CHANNELS, type SendingChannel } from '../../domain/channel.js';
import { canonicalEmail, emailAddress, writeEmail } from './email-addresses.js';
import { digitsOf, phoneNumbers, writePhone } from './phone-numbers.js';
import { seededRandom, type Random } from './random.js';
import type { Run } from './run.js';

export interface Contact {
  readonly name: string;
  /** As it stands in the file. */
  readonly written: string;
  /** What it means: the address at the network. */
  readonly destination: string;
}

/** A row of a file. */
export type Row = Pick<Contact, 'name' | 'written'>;

export interface People {
  /** Readable contacts by channel, each once. */
  readonly audience: Readonly<Record<SendingChannel, readonly Contact[]>>;
  /** The rows of each channel's file: the audience, some of it twice, and rows that nobody can read. */
  readonly rows: Readonly<Record<SendingChannel, readonly Row[]>>;
  /** How many of each file's rows nobody can read. */
  readonly unreadable: Readonly<Record<SendingChannel, number>>;
  /** Who opted out long ago, somewhere else. */
  readonly optedOut: readonly Contact[];
  readonly winBack: readonly Contact[];
  readonly appointments: readonly Contact[];
}

const PER_CHANNEL = 2_000;
/** So many people of the SMS list are on each of these lists too: an opt-out by SMS has to hold there at once. */
const SHARED = 200;
const SHARING = ['MMS', 'VIBER', 'RCS'] as const;
const DUPLICATES = 9;
const OPTED_OUT_EVERY = 25;
const WIN_BACK = 32;
const APPOINTMENTS = 16;

const FIRST_NAMES = [
  'Ana',
  'Luka',
  'Maja',
  'Ivan',
  'Zoë',
  'Jürgen',
  'Siobhán',
  'Đurđa',
  'Noah',
  'Mei',
  'Oğuz',
] as const;
const LAST_NAMES = ['Horvat', "O'Neill", 'Müller', 'Kovač', 'Smith, Jr.', 'Rossi', 'van "Bo" Dijk', 'Łuczak'] as const;
const UNREADABLE_PHONES = ['n/a', '-', '12', 'call the office', '+385', '091', '(none)', '??', '+49 30'] as const;
const UNREADABLE_EMAILS = [
  'n/a',
  'ana(at)example.com',
  'luka@',
  '@',
  'maja horvat@example',
  'none',
  'see phone',
] as const;

const UNREADABLE: Readonly<Record<SendingChannel, readonly string[]>> = {
  SMS: UNREADABLE_PHONES,
  MMS: UNREADABLE_PHONES,
  VIBER: UNREADABLE_PHONES,
  RCS: UNREADABLE_PHONES,
  EMAIL: UNREADABLE_EMAILS,
};

export function makePeople(run: Run): People {
  const random = seededRandom(run.number);
  const nextNumber = phoneNumbers(run.number);
  let count = 0;
  const phone = (): Contact => {
    const number = nextNumber(random);
    return { name: nameOf(random), written: writePhone(number, random), destination: digitsOf(number) };
  };
  const email = (): Contact => {
    const tag = `${run.number.toString(36)}${(count += 1).toString(36).padStart(3, '0')}`;
    const address = emailAddress(random.pick(['Ana Horvat', 'Luka K', 'Maja', 'Ivan', 'Office']), tag, random);
    return { name: nameOf(random), written: writeEmail(address, random), destination: canonicalEmail(address) };
  };

  const sms = many(PER_CHANNEL, phone);
  const own = (channel: (typeof SHARING)[number]): Contact[] => {
    const from = SHARING.indexOf(channel) * SHARED;
    // At the end of the list, so that many have answered on the one channel before their turn on the other comes.
    return [...many(PER_CHANNEL - SHARED, phone), ...sms.slice(from, from + SHARED)];
  };
  const audience = {
    SMS: sms,
    MMS: own('MMS'),
    VIBER: own('VIBER'),
    RCS: own('RCS'),
    EMAIL: many(PER_CHANNEL, email),
  };
  const rows = (channel: SendingChannel): Row[] => messy(audience[channel], UNREADABLE[channel], random);
  return {
    audience,
    rows: { SMS: rows('SMS'), MMS: rows('MMS'), VIBER: rows('VIBER'), RCS: rows('RCS'), EMAIL: rows('EMAIL') },
    unreadable: {
      SMS: UNREADABLE.SMS.length,
      MMS: UNREADABLE.MMS.length,
      VIBER: UNREADABLE.VIBER.length,
      RCS: UNREADABLE.RCS.length,
      EMAIL: UNREADABLE.EMAIL.length,
    },
    optedOut: SENDING_CHANNELS.flatMap((channel) => audience[channel].filter((_, i) => i % OPTED_OUT_EVERY === 11)),
    winBack: many(WIN_BACK, phone),
    appointments: many(APPOINTMENTS, phone),
  };
}

/** Everybody's. */
export function destinationsOf({ audience, winBack, appointments }: People): ReadonlySet<string> {
  const listed = SENDING_CHANNELS.flatMap((channel) => audience[channel]);
  return new Set([...listed, ...winBack, ...appointments].map(({ destination }) => destination));
}

function many<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

/** Adds people a second time and rows without a destination, each somewhere. */
function messy(contacts: readonly Contact[], unreadable: readonly string[], random: Random): Row[] {
  const rows: Row[] = [...contacts];
  const add = (row: Row): unknown => rows.splice(random.below(rows.length), 0, row);
  for (let i = 0; i < DUPLICATES; i += 1) {
    const again = contacts[random.below(contacts.length)];
    if (again !== undefined) add(again);
  }
  for (const written of unreadable) add({ name: nameOf(random), written });
  return rows;
}

function nameOf(random: Random): string {
  return `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`;
}
