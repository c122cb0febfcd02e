// Writing opt-outs and opt-ins: ledger, entries, permits and outbox change together (migration 0005), and the caller
// is answered only behind the barrier.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryChannel } from '../domain/channel.js';
import type { Covers, Source } from '../domain/scope.js';
import { senderKey } from '../domain/sender.js';
import type { Database, Queryable } from './database.js';
import type { Permits } from './permits.js';

/** Largest set of one transaction; larger ones are written page by page in order of contact. */
export const MAX_OPT_OUTS = 5_000;

/** Opt-ins are looked up in what they lifted, list against list: larger sets would take the square of their time. */
const MAX_OPT_INS = 500;

/** How sure the tie between an opt-out and the message it answers is. */
export type Confidence = 'exact' | 'campaign' | 'latest' | 'none';

interface Change {
  readonly accountId: number;
  readonly contactId: string;
  readonly channel?: EntryChannel;
  readonly sender?: string;
  readonly source: Source;
  readonly campaignId?: number;
  /** When the person or operator said so. */
  readonly receivedAt: Date;
  readonly sendId?: string;
  readonly inboxId?: string;
  readonly confidence?: Confidence;
  /** Who: `person`, `operator:<name>`, `flow:<workflow id>`, `api-key:<id>`. */
  readonly actor: string;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

export interface OptOut extends Change {
  readonly covers?: Covers;
  readonly complaint?: boolean;
  /** A flow that goes on although its own contact opts out: it wrote the opt-out itself. */
  readonly exceptFlow?: string;
  /** True when the contact is an e-mail domain: its people's permits are taken back as well. */
  readonly domain?: boolean;
}

export interface OptIn extends Change {
  /** Sources that may be lifted by whoever asks; see domain/lifts. */
  readonly sources: readonly Source[];
  readonly complaint?: boolean;
  /** Lift only the entry with exactly this account, channel and sender: an operator's removal. */
  readonly exact?: boolean;
  readonly entryId?: string;
}

export interface Written {
  /** Index of the item it answers. */
  readonly n: number;
  readonly eventId: string;
  readonly entryId: string | null;
  readonly effect: 'added' | 'strengthened' | 'already' | 'removed' | 'nothing';
}

export interface OptOuts {
  /** Write and wait behind the barrier: when this resolves, no provider call in scope can start any more. */
  optOut(items: readonly OptOut[]): Promise<Written[]>;
  optIn(items: readonly OptIn[]): Promise<Written[]>;
  /** Take back the permits of a domain's people where a process died before its end; returns of how many domains. */
  finishDomains(): Promise<number>;
}

/** An opt-out of a domain that is older has been left by its process. */
const LEFT_AFTER = '30 seconds';

export function optOutStore(db: Database, permits: Permits): OptOuts {
  return {
    async optOut(items) {
      const written: Written[] = [];
      const domains: string[] = [];
      for (const page of pages(items)) {
        const { done, events } = await db.transaction((tx) => writePage(tx, page));
        written.push(...done);
        domains.push(...events);
      }
      if (domains.length > 0) {
        await revokeDomains(db, domains);
        await sleep(permits.windowMs);
      }
      for (let at = 0; at < items.length; at += MAX_OPT_OUTS) {
        await permits.barrier(items.slice(at, at + MAX_OPT_OUTS).map((item) => item.contactId));
      }
      return written;
    },
    async optIn(items) {
      const written: Written[] = [];
      for (const page of pages(items, MAX_OPT_INS)) {
        written.push(...(await db.transaction((tx) => writeOptIns(tx, page))));
      }
      return written;
    },
    async finishDomains() {
      const left = await db.query<{ id: string }>(
        `select event_id as id from domain_revocations
         where begun_at < clock_timestamp() - interval '${LEFT_AFTER}' order by event_id`,
      );
      if (left.rows.length > 0) {
        await revokeDomains(
          db,
          left.rows.map(({ id }) => id),
        );
      }
      return left.rows.length;
    },
  };
}

type Numbered<T> = readonly { readonly n: number; readonly item: T }[];

/**
 * Split a set into transactions: in order of contact, at most `most` items, and never twice the same
 * contact in one, so that each statement sees what the one before it wrote.
 */
export function pages<T extends { readonly contactId: string }>(
  items: readonly T[],
  most: number = MAX_OPT_OUTS,
): Numbered<T>[] {
  const rounds: { n: number; item: T }[][] = [];
  const seen = new Map<string, number>();
  items.forEach((item, n) => {
    const round = seen.get(item.contactId) ?? 0;
    seen.set(item.contactId, round + 1);
    (rounds[round] ??= []).push({ n, item });
  });
  return rounds.flatMap((round) => {
    round.sort((a, b) => compareIds(a.item.contactId, b.item.contactId));
    const parts: { n: number; item: T }[][] = [];
    for (let at = 0; at < round.length; at += most) parts.push(round.slice(at, at + most));
    return parts;
  });
}

const compareIds = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);

/** With a note of the domains among them: their people are taken back in further transactions, by the sweep if need be. */
async function writePage(tx: Queryable, page: Numbered<OptOut>) {
  const done = await writeOptOuts(tx, page);
  const domains = new Set(page.filter(({ item }) => item.domain === true).map(({ n }) => n));
  const events = done.filter(({ n }) => domains.has(n)).map(({ eventId }) => eventId);
  if (events.length > 0) {
    await tx.query('insert into domain_revocations (event_id) select unnest($1::bigint[])', [events]);
  }
  return { done, events };
}

/** One page within a transaction of the caller's; the barrier is the caller's too. */
export async function writeOptOuts(tx: Queryable, items: Numbered<OptOut>): Promise<Written[]> {
  const rows = items.map(({ n, item }) => ({
    ...common(n, item),
    covers: item.covers ?? 'ALL',
    complaint: item.complaint ?? false,
    exceptFlow: item.exceptFlow ?? null,
  }));
  return written(tx, 'select n, event_id as "eventId", entry_id as "entryId", effect from blocklist_opt_out($1)', rows);
}

/** As {@link writeOptOuts}, for opt-ins. */
export async function writeOptIns(tx: Queryable, items: Numbered<OptIn>): Promise<Written[]> {
  const rows = items.map(({ n, item }) => ({
    ...common(n, item),
    sources: item.sources,
    complaint: item.complaint ?? false,
    exact: item.exact ?? false,
    entry: item.entryId ?? null,
  }));
  return written(tx, 'select n, event_id as "eventId", entry_id as "entryId", effect from blocklist_opt_in($1)', rows);
}

const common = (n: number, item: Change): Record<string, unknown> => ({
  n,
  account: item.accountId,
  contact: item.contactId,
  channel: item.channel ?? null,
  sender: item.sender ?? null,
  senderKey: item.sender === undefined ? null : senderKey(item.sender),
  source: item.source,
  campaign: item.campaignId ?? null,
  receivedAt: item.receivedAt.toISOString(),
  send: item.sendId ?? null,
  inbox: item.inboxId ?? null,
  confidence: item.confidence ?? null,
  actor: item.actor,
  evidence: item.evidence ?? {},
});

async function written(tx: Queryable, text: string, rows: readonly unknown[]): Promise<Written[]> {
  return (await tx.query<Written>(text, [JSON.stringify(rows)])).rows;
}

/** Page through the people of the domains; each page is a transaction, repeatable. */
async function revokeDomains(db: Database, eventIds: readonly string[]): Promise<void> {
  for (let after: string | null = '0'; after !== null;) {
    const page: { rows: { last: string | null }[] } = await db.query<{ last: string | null }>(
      'select blocklist_revoke_domains($1, $2, $3) as last',
      [eventIds, after, MAX_OPT_OUTS],
    );
    after = page.rows[0]?.last ?? null;
  }
  await db.query('delete from domain_revocations where event_id = any ($1)', [eventIds]);
}
