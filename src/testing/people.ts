// People for tests: destinations that can be real in form, and that nobody else in the process has.
import { randomInt } from 'node:crypto';
import type { Contact } from '../domain/contact.js';

/** Somebody to write to. Flows are given the contact alone: destinations have no place in a history. */
export interface Person {
  readonly contact: Contact;
  /** International digits, or an e-mail address. */
  readonly destination: string;
}

/** Numbers of a Croatian mobile prefix, or addresses below example.org, which belongs to nobody. */
export interface SamplePeople {
  phone(): string;
  email(): string;
}

const NUMBERS = 10_000_000;

export function samplePeople(): SamplePeople {
  let next = randomInt(NUMBERS);
  const digits = (): string => String((next += 1) % NUMBERS).padStart(7, '0');
  return { phone: () => `38591${digits()}`, email: () => `person-${digits()}@example.org` };
}
