// The promise as the database kept it: its own order of permits and opt-outs, the ledger against its projection, and
// how every message ended.
import { inScope } from '../../src/domain/decision.js';
import { effectOf, entryKeyText, foldEvent, type Entry } from '../../src/domain/fold.js';
import { entryOf, entryOfRow, ledgerEvent, liftOf, placeOf, type Breach } from './model.js';
import type { EventRow, Records } from './records.js';
import type { Stage } from './stage.js';

export function checkRecords(stage: Stage, records: Records): Breach[] {
  const optOuts = records.events.filter((row) => row.kind === 'BLOCK');
  return [
    ...optOuts.flatMap((optOut) => checkOrder(stage, records, optOut)),
    ...checkLedger(records),
    ...checkEnds(stage, records),
  ];
}

const MAY_BE_SENT = new Set(['claimed', 'dispatching', 'held']);

/**
 * Once an opt-out is written, nothing in its scope is permitted, held or dispatched until its entry is lifted. A message
 * in dispatch at that moment has its place before it. The people of a domain are taken back one by one; until then
 * permits given before the opt-out still count as given before.
 */
function checkOrder(stage: Stage, { log, events, sends }: Records, optOut: EventRow): Breach[] {
  const seqOf = (event: EventRow): number =>
    log.find((row) => row.what === 'event' && row.eventId === event.id)?.seq ?? 0;
  const isDomain = optOut.contactId === stage.contacts.domain.id;
  const since = seqOf(optOut);
  const lift = liftOf(events, optOut);
  const end = lift === undefined ? Infinity : seqOf(lift);
  const entry = entryOf(optOut);
  return sends
    .filter((send) => inScope(entry, placeOf(stage, send)))
    .flatMap((send) => {
      const contact = isDomain ? send.contactId : optOut.contactId;
      const written = log.find(
        (row) => row.what === 'written' && row.seq > since && row.op === optOut.tag && row.contactId === contact,
      );
      return log
        .filter((row) => row.sendId === send.id && row.seq > since && row.seq < end)
        .filter((row) => row.to !== null && MAY_BE_SENT.has(row.to))
        .filter((row) => row.from === null || (written !== undefined && row.seq > written.seq))
        .map((row): Breach => ({
          property: 'order',
          what: `message ${send.id} became ${row.to} after opt-out ${optOut.tag} (event ${optOut.id})`,
        }));
    });
}

function checkLedger({ events, entries }: Records): Breach[] {
  const breaches: Breach[] = [];
  const fault = (what: string): void => void breaches.push({ property: 'ledger', what });
  const live = new Map<string, Entry>();
  for (const row of events) {
    const event = ledgerEvent(row);
    const key = entryKeyText(event);
    const before = live.get(key);
    if (effectOf(before, event) !== row.effect) fault(`event ${row.id} was written as ${row.effect}`);
    const isLift = row.kind === 'UNBLOCK' && row.effect === 'removed';
    if (isLift && before !== undefined && row.receivedAt <= before.lastReceivedAt) {
      fault(`event ${row.id} lifted an entry that was renewed at the same time or later`);
    }
    const after = foldEvent(before, event);
    if (after === undefined) live.delete(key);
    else live.set(key, after);
  }
  const expected = [...live.values()].map(textOf).sort().join('\n');
  const actual = entries
    .map((row) => textOf(entryOfRow(row)))
    .sort()
    .join('\n');
  if (expected !== actual) fault(`entries are not what the ledger folds to:\n${actual}\ninstead of\n${expected}`);
  return breaches;
}

function checkEnds(stage: Stage, { sends, events }: Records): Breach[] {
  const breaches: Breach[] = [];
  for (const send of sends) {
    const fault = (what: string): void => void breaches.push({ property: 'end', what: `message ${send.id} ${what}` });
    if (MAY_BE_SENT.has(send.state)) fault(`is stuck in ${send.state}`);
    if (send.state !== 'blocked' && send.state !== 'revoked') continue;
    const isCovered = events.some(
      (row) => row.kind === 'BLOCK' && row.entryId === send.blockedBy && inScope(entryOf(row), placeOf(stage, send)),
    );
    if (!isCovered) fault(`was ${send.state} by entry ${send.blockedBy}, which does not cover it`);
  }
  if (new Set(sends.map(({ id }) => id)).size < sends.length) {
    breaches.push({ property: 'once', what: 'one key has two messages' });
  }
  return breaches;
}

const textOf = (entry: Entry): string =>
  JSON.stringify([
    entry.id,
    entryKeyText(entry),
    entry.covers,
    entry.complaint,
    entry.campaign,
    entry.addedAt.getTime(),
    entry.lastReceivedAt.getTime(),
  ]);
