// A destination that stands in a path or body: international digits, an e-mail address, or a domain.
import { DESTINATION_PROBLEMS, normaliseForEntry, type Destination } from '../../domain/destinations.js';
import { BlocklistError } from '../../domain/errors.js';

/** @throws BlocklistError INVALID_DESTINATION, which does not repeat it */
export function destinationOf(text: string): Destination {
  const read = normaliseForEntry(text);
  if (!read.ok) throw new BlocklistError('INVALID_DESTINATION', `${DESTINATION_PROBLEMS[read.reason]}.`);
  return read.destination;
}
