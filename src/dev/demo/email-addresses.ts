// E-mail addresses of the demo, below names that the standards keep free for examples, and how people write them.
import { domainToASCII } from 'node:url';
import type { Random } from './random.js';

const DOMAINS = [
  'example.com',
  'example.org',
  'example.net',
  'mail.example',
  'bücher.example',
  'čokolada.example',
  'straße.example',
  'ταβέρνα.example',
  'кафе.example',
] as const;

export interface EmailAddress {
  readonly local: string;
  readonly domain: string;
}

/** Its local part holds the run, so that no other run has it. */
export function emailAddress(name: string, tag: string, random: Random): EmailAddress {
  return { local: `${name.toLowerCase().replaceAll(' ', '.')}.${tag}`, domain: random.pick(DOMAINS) };
}

/** The form under which a mail server knows it. */
export function canonicalEmail({ local, domain }: EmailAddress): string {
  return `${local}@${domainToASCII(domain)}`;
}

/** As somebody typed it. */
export function writeEmail({ local, domain }: EmailAddress, random: Random): string {
  switch (random.below(6)) {
    case 0:
      return `${local.toUpperCase()}@${domain}`;
    case 1:
      return `  ${local}@${domain} `;
    case 2:
      return `${local}@${domain.replace('straße', 'Straße').replace(/^[a-z]/, (letter) => letter.toUpperCase())}`;
    case 3:
      return `${local}@${domainToASCII(domain)}.`;
    case 4:
      return `${local.replace(/^[a-z]/, (letter) => letter.toUpperCase())}@${domain}\u00a0`;
    default:
      return `${local}@${domain}`;
  }
}
