// What the columns of contact and opt-out files are called. People and systems have many names for few things.

/** A column of numbers, of addresses, or of whatever can be written to. */
export type DestinationColumn = 'phone' | 'email' | 'destination';

const DESTINATIONS: Readonly<Record<DestinationColumn, readonly string[]>> = {
  phone: [
    'phone',
    'phonenumber',
    'number',
    'mobile',
    'mobilenumber',
    'mobilephone',
    'msisdn',
    'gsm',
    'tel',
    'telephone',
  ],
  email: ['email', 'emailaddress', 'mail'],
  destination: ['destination', 'contact', 'recipient', 'to', 'address', 'domain'],
};

/** Named in messages. */
export const DESTINATION_NAMES = Object.values(DESTINATIONS).flat();

/** Which of `names`, or which column of destinations, a header cell stands for. Case, spaces and punctuation do not count. */
export function columnOf<Name extends string>(
  header: string,
  names: Readonly<Record<Name, readonly string[]>>,
): DestinationColumn | Name | undefined {
  const plain = header.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const found = Object.entries<readonly string[]>({ ...DESTINATIONS, ...names }).find(([, aliases]) =>
    aliases.includes(plain),
  );
  return found?.[0] as DestinationColumn | Name | undefined;
}

/** True if the first row of a file is a header in some language: words, and nothing that could be written to. */
export function isHeader(cells: readonly string[]): boolean {
  return (
    cells.some((cell) => cell.trim() !== '') && cells.every((cell) => !/[\p{Nd}@]|[\p{L}\p{N}-]\.\p{L}/u.test(cell))
  );
}
