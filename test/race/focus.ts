// Where to look: the mixture of everything, and a few that crowd one corner of the protocol. The race test plays them in
// turn; each mutant is looked for where it would show.
import { WINDOW_MS } from './caller.js';
import type { Answer, Step } from './schedule.js';
import type { Target } from './stage.js';

/** How often what happens. Directed runs change it to get where a certain fault would show. */
export interface Focus {
  readonly name: string;
  readonly weights: Readonly<Record<Step['kind'], number>>;
  readonly streams: readonly number[];
  readonly optOutTargets: readonly Target[];
  readonly answers: readonly Answer[];
  /** Connections ended in mid-transaction, in a thousand statements. Each costs a new server process. */
  readonly crashes: number;
  /** Callers that die between two statements, in a thousand sends. */
  readonly stops: number;
  readonly claimants: readonly (0 | 1)[];
  readonly refusesDuplicates: readonly boolean[];
  readonly people: number;
  readonly call: number;
  readonly beforeFence: number;
  readonly beforeCall: number;
  readonly halt: number;
  /** How much of the traffic an opt-out aimed at a message covers. */
  readonly widths: readonly ('any' | 'channel' | 'sender')[];
  /** Opt-outs of the whole tree, so that they always hit. */
  readonly isWide: boolean;
}

export const EVERYTHING: Focus = {
  name: 'everything',
  weights: { send: 10, optOut: 5, reply: 3, read: 2, optIn: 1, halt: 1 },
  streams: [0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7],
  optOutTargets: ['phone0', 'phone0', 'phone0', 'phone1', 'mail0', 'mail0', 'mail1', 'domain'],
  answers: ['accepted', 'accepted', 'accepted', 'accepted', 'refused', 'refused', 'rejected', 'lost'],
  crashes: 4,
  stops: 50,
  claimants: [0, 0, 0, 1],
  refusesDuplicates: [true, true, false],
  people: 2,
  call: 6,
  beforeFence: 50,
  beforeCall: 6,
  halt: 30,
  widths: ['any', 'any', 'channel', 'sender'],
  isWide: false,
};

/** Replies that come while messages are on their way, and are read at once. */
export const REPLIES: Focus = {
  ...EVERYTHING,
  name: 'replies',
  weights: { send: 8, optOut: 0, reply: 4, read: 8, optIn: 0, halt: 0 },
  streams: [0, 0, 5],
  answers: ['refused', 'refused', 'refused', 'accepted'],
  claimants: [0],
  people: 1,
  beforeFence: 0,
  call: WINDOW_MS,
};

/** Mailboxes and opt-outs of their domain. */
export const DOMAINS: Focus = {
  ...EVERYTHING,
  name: 'domains',
  weights: { send: 10, optOut: 6, reply: 1, read: 1, optIn: 1, halt: 0 },
  streams: [5, 5, 6],
  optOutTargets: ['domain', 'domain', 'mail0'],
};

/** Calls slower than their window, so that attempts are taken for dead while they are not. */
export const ZOMBIES: Focus = {
  ...EVERYTHING,
  name: 'zombies',
  weights: { send: 10, optOut: 2, reply: 0, read: 0, optIn: 0, halt: 0 },
  streams: [0],
  optOutTargets: ['phone0'],
  answers: ['refused', 'refused', 'accepted', 'lost'],
  claimants: [0],
  refusesDuplicates: [true],
  people: 1,
  call: 2 * WINDOW_MS,
  beforeCall: WINDOW_MS / 2,
};

/** Wide opt-outs against messages of both phones, one after the other. */
export const CROWD: Focus = {
  ...EVERYTHING,
  name: 'crowd',
  weights: { send: 10, optOut: 6, reply: 1, read: 1, optIn: 1, halt: 0 },
  streams: [0, 0, 1, 3],
  optOutTargets: ['phone0', 'phone1'],
  isWide: true,
};

/** Opt-outs and opt-ins of one person that carry the same few times. */
export const CHANGES_OF_MIND: Focus = {
  ...EVERYTHING,
  name: 'changes of mind',
  weights: { send: 4, optOut: 6, reply: 2, read: 2, optIn: 8, halt: 0 },
  streams: [0],
  optOutTargets: ['phone0'],
  isWide: true,
  people: 1,
};

/** Halts among sends. */
export const HALTS: Focus = {
  ...EVERYTHING,
  name: 'halts',
  weights: { send: 12, optOut: 1, reply: 0, read: 0, optIn: 0, halt: 6 },
  streams: [0, 0, 1],
  beforeFence: 2 * WINDOW_MS,
  halt: 2 * WINDOW_MS,
};

/** Opt-outs from one sender, written in another way than the messages have it. */
export const SENDERS: Focus = { ...EVERYTHING, name: 'senders', streams: [0, 1, 2, 3, 5, 6], widths: ['sender'] };

export const FOCUSES: readonly Focus[] = [
  EVERYTHING,
  EVERYTHING,
  EVERYTHING,
  REPLIES,
  EVERYTHING,
  DOMAINS,
  EVERYTHING,
  ZOMBIES,
  EVERYTHING,
  CROWD,
  EVERYTHING,
  CHANGES_OF_MIND,
  EVERYTHING,
  HALTS,
  EVERYTHING,
  SENDERS,
];
