// What the rows of a stage mean to the rules: the same pure functions that describe the decision judge the database.
import type { SendScope } from '../../src/domain/decision.js';
import type { Entry, LedgerEvent } from '../../src/domain/fold.js';
import type { EntryRow, EventRow, SendRow } from './records.js';
import { at, STREAMS, type Stage, type Target } from './stage.js';

/** What the race test promises; every fault breaks one of them. */
export type Property =
  /** No provider call starts after the acknowledgement of an opt-out in scope. */
  | 'silence'
  /** No marketing call starts while an acknowledged reply is unread. */
  | 'unread reply'
  /** No call starts during an acknowledged halt. */
  | 'halt'
  /** One message a key, one attempt at a time, and an attempt writes only what is its own. */
  | 'once'
  /** In the database, nothing is permitted or dispatched after an opt-out in scope. */
  | 'order'
  /** Entries are the fold of the ledger; first campaigns stay; a tie does not lift. */
  | 'ledger'
  /** Every message comes to an end, and for a reason that holds. */
  | 'end'
  /** Locks are taken in one order. */
  | 'deadlock';

export interface Breach {
  readonly property: Property;
  readonly what: string;
}

export function placeOf(stage: Stage, send: SendRow): SendScope {
  const person = (['phone0', 'phone1', 'mail0', 'mail1'] as const).find((p) => stage.contacts[p].id === send.contactId);
  return scopeOf(stage, stage.streams.indexOf(send.streamId), person ?? 'phone0');
}

export function scopeOf(stage: Stage, stream: number, person: Target): SendScope {
  const { account, channel, sender, purpose } = at(STREAMS, stream);
  const { root } = stage.accounts;
  return {
    accounts: account === 'root' ? [String(root.id)] : [String(stage.accounts[account].id), String(root.id)],
    channel,
    sender,
    purpose,
    contact: stage.contacts[person].id,
    ...(person.startsWith('mail') ? { domainContact: stage.contacts.domain.id } : {}),
  };
}

/** The event that ended the entry which `written` added or renewed. */
export function liftOf(events: readonly EventRow[], written: EventRow): EventRow | undefined {
  return events.find(
    (row) => row.effect === 'removed' && row.entryId === written.entryId && BigInt(row.id) > BigInt(written.id),
  );
}

/** What an opt-out asked for, as if it stood alone. */
export function entryOf(row: EventRow): Entry {
  return entryOfRow({ ...row, addedAt: row.at, lastReceivedAt: row.receivedAt });
}

export function entryOfRow(row: EntryRow): Entry {
  return {
    id: row.id,
    contact: row.contactId,
    accountKey: String(row.accountId),
    source: row.source,
    covers: row.covers,
    complaint: row.complaint,
    addedAt: row.addedAt,
    lastReceivedAt: row.lastReceivedAt,
    ...(row.channel === null ? {} : { channel: row.channel }),
    ...(row.sender === null ? {} : { sender: row.sender }),
    ...(row.campaignId === null ? {} : { campaign: String(row.campaignId) }),
  };
}

export function ledgerEvent(row: EventRow): LedgerEvent {
  const { addedAt, lastReceivedAt, ...rest } = entryOf(row);
  const event = { ...rest, at: addedAt, receivedAt: lastReceivedAt };
  return row.kind === 'BLOCK'
    ? { ...event, kind: 'BLOCK' }
    : { ...event, kind: 'UNBLOCK', effect: row.effect === 'removed' ? 'removed' : 'nothing' };
}
