// Folds the ledger with the pure rule and compares the result with the entries the database has kept: two programs that
// must agree. Works contact by contact, so its memory stays small whatever the ledger's length.
import { effectOf, entryKeyText, foldEvent, type Entry, type LedgerEvent } from '../domain/fold.js';
import type { Database, Queryable } from './database.js';
import { withoutNulls } from './without-nulls.js';

export interface Verification {
  readonly contacts: number;
  readonly events: number;
  readonly entries: number;
  /** How many entries or events differ; 0 is what it should be. */
  readonly differences: number;
  /** The first {@link MAX_EXAMPLES} of them, by ids. */
  readonly examples: readonly Difference[];
}

export interface Difference {
  readonly contactId: string;
  /** `missing`: the ledger gives an entry that is not there; `effect`: an event was written with another effect. */
  readonly kind: 'missing' | 'unexpected' | 'different' | 'effect';
  /** Of the entry, or of the event whose effect differs. */
  readonly id: string;
}

const CONTACTS_PER_PAGE = 2_000;
const MAX_EXAMPLES = 100;

export async function verifyProjection(
  db: Database,
  onProgress: (contacts: number) => void = () => undefined,
): Promise<Verification> {
  const examples: Difference[] = [];
  const sum = { contacts: 0, events: 0, entries: 0, differences: 0 };
  for (let after: string | undefined = '0'; after !== undefined;) {
    const page: Page = await readPage(db, after);
    const found = compare(page.events, page.entries);
    sum.contacts += new Set([...page.events, ...page.entries].map((row) => row.contact)).size;
    sum.events += page.events.length;
    sum.entries += page.entries.length;
    sum.differences += found.length;
    examples.push(...found.slice(0, MAX_EXAMPLES - examples.length));
    onProgress(sum.contacts);
    after = page.until;
  }
  return { ...sum, examples };
}

/** What differs between entries and the fold of events. Both hold all there is of their contacts, in order. */
function compare(events: readonly LedgerEvent[], entries: readonly Entry[]): Difference[] {
  const differences: Difference[] = [];
  const folded = new Map<string, Entry>();
  for (const event of events) {
    const key = entryKeyText(event);
    const before = folded.get(key);
    // An event that was refused names what was asked for, which may be no entry's key at all.
    if (event.effect !== 'nothing' && effectOf(before, event) !== event.effect) {
      differences.push({ contactId: event.contact, kind: 'effect', id: event.id });
    }
    const after = foldEvent(before, event);
    if (after === undefined) folded.delete(key);
    else folded.set(key, after);
  }
  for (const entry of entries) {
    const key = entryKeyText(entry);
    const expected = folded.get(key);
    folded.delete(key);
    const kind = expected === undefined ? 'unexpected' : isSame(expected, entry) ? undefined : 'different';
    if (kind !== undefined) differences.push({ contactId: entry.contact, kind, id: entry.id });
  }
  for (const entry of folded.values()) {
    differences.push({ contactId: entry.contact, kind: 'missing', id: entry.id });
  }
  return differences;
}

const isSame = (a: Entry, b: Entry): boolean =>
  a.id === b.id &&
  a.sender === b.sender &&
  a.covers === b.covers &&
  a.complaint === b.complaint &&
  a.campaign === b.campaign &&
  a.addedAt.getTime() === b.addedAt.getTime() &&
  a.lastReceivedAt.getTime() === b.lastReceivedAt.getTime();

interface Page {
  readonly events: readonly LedgerEvent[];
  readonly entries: readonly Entry[];
  /** The last contact of the page; absent at the end. */
  readonly until?: string;
}

/** Relies on blocklist_events_of_contact and blocklist_entries_key. */
async function readPage(db: Database, after: string): Promise<Page> {
  return db.transaction(async (tx) => {
    // Ledger and list from one snapshot: people opt out meanwhile.
    await tx.query('set transaction isolation level repeatable read, read only');
    const last = await tx.query<{ until: string | null }>(
      `select max(p.contact_id)::text as until
       from (select distinct e.contact_id from blocklist_events e where e.contact_id > $1 order by 1 limit $2) p`,
      [after, CONTACTS_PER_PAGE],
    );
    const until = last.rows[0]?.until ?? undefined;
    return {
      // Behind the last contact of the ledger there may still be entries that have no business there.
      events: until === undefined ? [] : await readEvents(tx, after, until),
      entries: await readEntries(tx, after, until),
      ...(until === undefined ? {} : { until }),
    };
  });
}

/** Accounts and campaigns go by their ids here: only equality counts. */
async function readEvents(tx: Queryable, after: string, until: string): Promise<LedgerEvent[]> {
  const found = await tx.query(
    `select id, kind, effect, account_id::text as "accountKey", contact_id as contact, channel, sender, source, covers,
       complaint, campaign_id::text as campaign, at, received_at as "receivedAt"
     from blocklist_events
     where contact_id > $1 and contact_id <= $2
     order by contact_id, id`,
    [after, until],
  );
  return found.rows.map((row) => withoutNulls<LedgerEvent>(row));
}

async function readEntries(tx: Queryable, after: string, until: string | undefined): Promise<Entry[]> {
  const found = await tx.query(
    `select id, account_id::text as "accountKey", contact_id as contact, channel, sender, source, covers, complaint,
       campaign_id::text as campaign, added_at as "addedAt", last_received_at as "lastReceivedAt"
     from blocklist_entries
     where contact_id > $1 and ($2::bigint is null or contact_id <= $2)
     order by contact_id, id`,
    [after, until ?? null],
  );
  return found.rows.map((row) => withoutNulls<Entry>(row));
}
