// Claim, fence and settle for a thousand messages at a time: the same functions of the database as in permits.ts, with their
// answers grouped there. A driver that builds a thousand rows of eleven columns takes longer than the decision they tell.
import type { MessageState } from '../domain/outcome.js';
import type { Database } from './database.js';
import type { ClaimRequest, Fenced, Permits, Settled, Settlement } from './permits.js';

/** Messages of a claim that now stand alike. */
export interface ClaimedGroup {
  /** False: another claimant has used these keys, so they are not to be handed over here. */
  readonly mine: boolean;
  readonly state: MessageState;
  readonly ids: readonly string[];
}

/** Permits as everywhere, quicker for many at once. What is settled tells its state alone. */
export interface BulkPermits extends Permits {
  /** As {@link Permits.claim}, without quiet hours and caps. */
  claimMany(request: BulkClaim): Promise<ClaimedGroup[]>;
}

export type BulkClaim = Pick<ClaimRequest, 'streamId' | 'claimant' | 'mayRepeat' | 'messages'> & {
  readonly validForSeconds: number;
};

interface FencedGroup {
  readonly attempt: number;
  readonly ids: string;
  readonly contactIds: string;
  readonly destinations: readonly (string | null)[];
}

export function bulkPermits(db: Database, permits: Permits): BulkPermits {
  return {
    ...permits,

    async claimMany({ streamId, claimant, mayRepeat, validForSeconds, messages }) {
      const found = await db.query<Omit<ClaimedGroup, 'ids'> & { readonly ids: string }>(
        `select mine, state, array_to_string(array_agg(id), ',') as ids
         from blocklist_claim($1, $2, null, make_interval(secs => $3), null, null, null, false, $4,
           $5::uuid[], $6::bigint[])
         group by mine, state`,
        [
          streamId,
          claimant,
          validForSeconds,
          mayRepeat,
          list(messages.map((message) => message.permitId)),
          list(messages.map((message) => message.contactId)),
        ],
      );
      return found.rows.map(({ ids, ...group }) => ({ ...group, ids: ids.split(',') }));
    },

    async fence(rootId, permitIds) {
      const found = await db.query<FencedGroup>(
        `select attempt, array_to_string(array_agg(id), ',') as ids,
           array_to_string(array_agg(contact_id), ',') as "contactIds", json_agg(destination) as destinations
         from blocklist_fence($1, $2::uuid[], make_interval(secs => $3))
         group by attempt`,
        [rootId, list(permitIds), permits.windowMs / 1000],
      );
      return found.rows.flatMap(ungroup);
    },

    async settle(settlements) {
      return settlements.every(isPlain) ? settlePlain(db, settlements) : settleEach(db, settlements);
    },
  };
}

function ungroup({ attempt, ids, contactIds, destinations }: FencedGroup): Fenced[] {
  const contacts = contactIds.split(',');
  return ids.split(',').map((id, i) => ({
    id,
    attempt,
    contactId: contacts[i] ?? '',
    destination: destinations[i] ?? null,
  }));
}

/** What nearly all settlements of a broadcast are: taken by the provider, nothing to add. */
const isPlain = (settlement: Settlement): boolean => settlement.state === 'sent' && settlement.detail === undefined;

function settlePlain(db: Database, settlements: readonly Settlement[]): Promise<Settled[]> {
  return settled(
    db,
    `blocklist_settle($1::uuid[], $2::integer[], array_fill('sent'::text, array[cardinality($1::uuid[])]), null)`,
    [list(settlements.map(({ id }) => id)), list(settlements.map(({ attempt }) => attempt))],
  );
}

function settleEach(db: Database, settlements: readonly Settlement[]): Promise<Settled[]> {
  return settled(db, 'blocklist_settle($1::uuid[], $2::integer[], $3::text[], $4::text[])', [
    list(settlements.map(({ id }) => id)),
    list(settlements.map(({ attempt }) => attempt)),
    settlements.map(({ state }) => state),
    settlements.map(({ detail }) => detail ?? null),
  ]);
}

async function settled(db: Database, settle: string, values: readonly unknown[]): Promise<Settled[]> {
  const found = await db.query<{ state: MessageState; ids: string }>(
    `select state, array_to_string(array_agg(id), ',') as ids from ${settle} group by state`,
    values,
  );
  // The rest of a settled row is for single messages; nobody reads it here.
  return found.rows.flatMap(({ state, ids }) =>
    ids.split(',').map((id) => ({ id, state, blockedBy: null, holdReason: null, settledAt: null })),
  );
}

/** An array as Postgres writes it; of ids and numbers only, which need no quotes. */
const list = (values: readonly (string | number)[]): string => `{${values.join(',')}}`;
