// What an entry covers and what a send is for. See the README's vocabulary.
import type { EntryChannel } from './channel.js';

/** `MARKETING` (default) or `SERVICE` (one-time passwords, receipts): what a send is for. */
export type Purpose = 'MARKETING' | 'SERVICE';

/** Which sends an entry stops: `ALL` (default, as the product) or only `MARKETING`. */
export type Covers = 'ALL' | 'MARKETING';

/** Where an entry came from: the four source types of the product. */
export const SOURCES = ['MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM'] as const;
export type Source = (typeof SOURCES)[number];

/** `FROM_ANY_SENDER`: every channel and sender of the account. `FROM_SENDER`: that sender on that channel. */
export type Level = 'FROM_ANY_SENDER' | 'FROM_SENDER';

/** The part of the traffic an entry, opt-out or halt applies to. An absent field means any. */
export interface Scope {
  readonly accountKey: string;
  readonly channel?: EntryChannel;
  readonly sender?: string;
}

/** The account everything belongs to unless told otherwise. Created by the first migration. */
export const DEFAULT_ACCOUNT_KEY = '00000000000000000000000000000001';
