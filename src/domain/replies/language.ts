// What the recogniser knows of a language. Everything about a language is data: a new one is a file in languages/ and a
// line in languages/index.ts.
//
// Every field is a list of entries with commas between. An entry is a word or several ("take out"); `|` in brackets
// gives alternatives ("(do not|dont)", "(the|) list" with and without), a star at the end of a word any ending
// ("messag*"). Case, accents and width do not matter. In scripts without spaces an entry is found anywhere.

export interface Language {
  /** ISO 639. */
  readonly code: string;
  /** Keywords that mean stop as the whole message, also with politeness around them. */
  readonly stop?: string;
  /** Keywords that are everyday words as well: they count only as the whole message. */
  readonly alone?: string;
  /** Keywords that ask to come back. Only as the whole message. */
  readonly start?: string;
  readonly help?: string;
  /** Words that neither add nor change anything: please, thanks, now, these, your, curses. */
  readonly polite?: string;
  /** Negation of a verb: not, never, do not. */
  readonly not?: string;
  /** Negation of a noun: no, none. */
  readonly no?: string;
  /** More, any more, again: turns a negation into an end. */
  readonly more?: string;
  /** To end doing something. */
  readonly cease?: string;
  /** What we do to people: write, text, send, call, in the forms of a request. */
  readonly contact?: string;
  /** "Do not write" as one word, where the language has it. */
  readonly dontContact?: string;
  /** The person who writes, as object. */
  readonly me?: string;
  /** What we send. */
  readonly message?: string;
  /** To take out of a list. */
  readonly remove?: string;
  /** What of the person stands on a list: my number, my name. */
  readonly self?: string;
  /** What a person is taken out of. */
  readonly list?: string;
  /** I want, I wish, interested. */
  readonly want?: string;
  /** "I do not want" as one word or idiom. */
  readonly dontWant?: string;
  readonly receive?: string;
  /** Verbs that mean nothing but leaving a list: unsubscribe. */
  readonly unsubscribe?: string;
  /** Whole idioms that opt out beyond doubt. */
  readonly out?: string;
  /** Idioms that probably do. */
  readonly maybe?: string;
  /** Idioms that mean something else though they hold words from above: "bus stop". */
  readonly harmless?: string;
  /** Idioms that ask for more messages. */
  readonly back?: string;
  /** Words that make a refusal one for a time or place: until, while, at work. */
  readonly unless?: string;
  /** What people order, book, expect or switch off, and we do not send: an invoice, a course, an alarm. */
  readonly things?: string;
  /** Words stand close together and in the order of the rules, a negation before its verb. */
  readonly isTight?: true;
  /** Words that, after a verb from above, show that its object is not us: "stop by", "stop the". */
  readonly elsewhere?: string;
}

/** Concepts, each a bit, so that a word can stand for several. */
export const CONCEPT = {
  stop: 1 << 0,
  alone: 1 << 1,
  start: 1 << 2,
  help: 1 << 3,
  polite: 1 << 4,
  not: 1 << 5,
  no: 1 << 6,
  more: 1 << 7,
  cease: 1 << 8,
  contact: 1 << 9,
  dontContact: 1 << 10,
  me: 1 << 11,
  message: 1 << 12,
  remove: 1 << 13,
  self: 1 << 14,
  list: 1 << 15,
  want: 1 << 16,
  dontWant: 1 << 17,
  receive: 1 << 18,
  unsubscribe: 1 << 19,
  out: 1 << 20,
  maybe: 1 << 21,
  harmless: 1 << 22,
  back: 1 << 23,
  unless: 1 << 24,
  elsewhere: 1 << 25,
  things: 1 << 26,
} as const satisfies Record<Exclude<keyof Language, 'code' | 'isTight'>, number>;

export type Concept = keyof typeof CONCEPT;
