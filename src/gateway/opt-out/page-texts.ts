// What the opt-out pages say. A language is one file and one entry of the table; the compiler tells what a file lacks.
import type { SendingChannel } from '../../domain/channel.js';
import type { PageTexts } from './texts/shape.js';
import { ARABIC } from './texts/ar.js';
import { GERMAN } from './texts/de.js';
import { ENGLISH } from './texts/en.js';
import { SPANISH } from './texts/es.js';
import { FRENCH } from './texts/fr.js';
import { CROATIAN } from './texts/hr.js';
import { ITALIAN } from './texts/it.js';
import { DUTCH } from './texts/nl.js';
import { POLISH } from './texts/pl.js';
import { PORTUGUESE } from './texts/pt.js';

export const PAGE_TEXTS = {
  en: ENGLISH,
  de: GERMAN,
  es: SPANISH,
  fr: FRENCH,
  it: ITALIAN,
  pt: PORTUGUESE,
  nl: DUTCH,
  pl: POLISH,
  hr: CROATIAN,
  ar: ARABIC,
} as const satisfies Readonly<Record<string, PageTexts>>;
export type PageLanguage = keyof typeof PAGE_TEXTS;
export const PAGE_LANGUAGES = Object.keys(PAGE_TEXTS) as PageLanguage[];

/** How people call the channels; e-mail has a word of its own in most languages, the others have not. */
const CHANNEL_NAMES: Readonly<Record<Exclude<SendingChannel, 'EMAIL'>, string>> = {
  SMS: 'SMS',
  MMS: 'MMS',
  VIBER: 'Viber',
  RCS: 'RCS',
};

export function channelName(texts: PageTexts, channel: SendingChannel): string {
  return channel === 'EMAIL' ? texts.email : CHANNEL_NAMES[channel];
}
