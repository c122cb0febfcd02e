// How the ledger becomes entries: the same rule the database applies event by event, here as one pure function, so that
// a command can prove the projection and the race test has something to compare with.
import type { EntryChannel } from './channel.js';
import { senderKey } from './sender.js';
import type { Covers, Source } from './scope.js';

/** What tells one entry from another. A person's own entry and an operator's stand side by side. */
export interface EntryKey {
  /** Id of the contact point of the address, or of its e-mail domain. */
  readonly contact: string;
  readonly accountKey: string;
  readonly source: Source;
  readonly channel?: EntryChannel;
  /** As given; compared by its match key. */
  readonly sender?: string;
}

interface LedgerEventBase extends EntryKey {
  readonly id: string;
  /** When it was written into the ledger. */
  readonly at: Date;
  /** When the person or operator said so. */
  readonly receivedAt: Date;
}

/** A BLOCK adds its entry, makes it stronger, or finds it as strong already. */
export type BlockEffect = 'added' | 'strengthened' | 'already';
/** An UNBLOCK that came too early, or may not lift what it names, is history without effect. */
export type UnblockEffect = 'removed' | 'nothing';

export interface BlockEvent extends LedgerEventBase {
  readonly kind: 'BLOCK';
  readonly covers: Covers;
  readonly complaint: boolean;
  readonly campaign?: string;
  /** What it did when it was written; folding computes it again, see `effectOf`. */
  readonly effect?: BlockEffect;
}

export interface UnblockEvent extends LedgerEventBase {
  readonly kind: 'UNBLOCK';
  readonly effect: UnblockEffect;
}

export type LedgerEvent = BlockEvent | UnblockEvent;

/** A live record on the blocklist. */
export interface Entry extends EntryKey {
  /** That of the ledger event that added it. */
  readonly id: string;
  readonly covers: Covers;
  /** Sticky: nobody but an operator who insists lifts a complaint. */
  readonly complaint: boolean;
  /** The campaign active when the entry was added; later ones are in the ledger. */
  readonly campaign?: string;
  readonly addedAt: Date;
  /** The latest wish under this key to be left alone: an opt-in counts only if it was received later. */
  readonly lastReceivedAt: Date;
}

/** One text per entry, equal for keys that mean the same. */
export function entryKeyText(key: EntryKey): string {
  const sender = key.sender === undefined ? null : senderKey(key.sender);
  return JSON.stringify([key.accountKey, key.contact, key.channel ?? null, sender, key.source]);
}

/** The entry after `event`, given the one before it; undefined means there is none. */
export function foldEvent(entry: Entry | undefined, event: LedgerEvent): Entry | undefined {
  if (event.kind === 'UNBLOCK') return event.effect === 'nothing' ? entry : undefined;
  if (entry === undefined) return add(event);
  return {
    ...entry,
    covers: entry.covers === 'ALL' ? 'ALL' : event.covers,
    complaint: entry.complaint || event.complaint,
    lastReceivedAt: event.receivedAt > entry.lastReceivedAt ? event.receivedAt : entry.lastReceivedAt,
  };
}

/** What `event` does to `entry`: has to be what it was written with, or ledger and projection have parted. */
export function effectOf(entry: Entry | undefined, event: LedgerEvent): BlockEffect | UnblockEffect {
  if (event.kind === 'UNBLOCK') return entry === undefined ? 'nothing' : event.effect;
  if (entry === undefined) return 'added';
  const isStronger = (entry.covers === 'MARKETING' && event.covers === 'ALL') || (event.complaint && !entry.complaint);
  return isStronger ? 'strengthened' : 'already';
}

/** All entries that live after `events`, in the order they were appended, by `entryKeyText`. */
export function foldLedger(events: Iterable<LedgerEvent>): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const event of events) {
    const key = entryKeyText(event);
    const next = foldEvent(entries.get(key), event);
    if (next === undefined) entries.delete(key);
    else entries.set(key, next);
  }
  return entries;
}

function add(event: BlockEvent): Entry {
  return {
    id: event.id,
    contact: event.contact,
    accountKey: event.accountKey,
    source: event.source,
    ...(event.channel === undefined ? {} : { channel: event.channel }),
    ...(event.sender === undefined ? {} : { sender: event.sender }),
    covers: event.covers,
    complaint: event.complaint,
    ...(event.campaign === undefined ? {} : { campaign: event.campaign }),
    addedAt: event.at,
    lastReceivedAt: event.receivedAt,
  };
}
