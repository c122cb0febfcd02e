// From a permit row to the value a caller gets.
import { blockedCode, CODES } from '../src/domain/codes.js';
import type { HoldReason, MessageState, SendOutcome } from '../src/domain/outcome.js';
import type { Queryable } from '../src/storage/database.js';
import { explain } from '../src/storage/explanations.js';

/** What the row of a message says, whoever read it. */
export interface OutcomeRow {
  readonly id: string;
  readonly state: MessageState;
  readonly blockedBy: string | null;
  readonly holdReason: HoldReason | null;
  readonly heldUntil?: Date | null;
  readonly settledAt: Date | null;
  readonly detail?: string | null;
}

/** @returns undefined while the message has no outcome yet (permitted or in dispatch). */
export async function outcomeOf(db: Queryable, channel: string, row: OutcomeRow): Promise<SendOutcome | undefined> {
  const permitId = row.id;
  const at = (row.settledAt ?? new Date()).toISOString();
  const detail = row.detail == null ? {} : { detail: row.detail };
  switch (row.state) {
    case 'claimed':
    case 'dispatching':
      return undefined;
    case 'sent':
      return { outcome: 'sent', permitId, at, code: CODES.accepted };
    case 'held':
      return {
        outcome: 'held',
        permitId,
        reason: row.holdReason ?? 'UNREAD_REPLY',
        ...(row.heldUntil == null ? {} : { until: row.heldUntil.toISOString() }),
      };
    case 'blocked':
    case 'revoked': {
      // Blocked without an entry: the frequency cap, where the caller chose to end the message rather than wait.
      if (row.blockedBy === null) return { outcome: 'blocked', permitId, code: CODES.capped };
      const explanation = (await explain(db, [row.blockedBy])).get(row.blockedBy);
      return {
        outcome: 'blocked',
        permitId,
        code: blockedCode(channel),
        ...(explanation === undefined ? {} : { explanation }),
      };
    }
    case 'rejected':
      return { outcome: 'rejected', permitId, code: CODES.rejected, ...detail };
    case 'failed':
      return { outcome: 'failed', permitId, code: CODES.failed, ...detail };
    case 'unknown':
      return { outcome: 'unknown', permitId, code: CODES.unknown, ...detail };
    case 'expired':
      return { outcome: 'expired', permitId, code: CODES.expired, ...detail };
  }
}
