// The read-only check: who is on the list now. It reserves nothing; a send still needs its permit.
import type { FindInput, FindResult } from '../domain/step-activities.js';
import { senderKey } from '../domain/sender.js';
import type { Account } from './accounts.js';
import type { Queryable } from './database.js';
import { explain } from './explanations.js';

/** A sender no entry can have: asks for entries from any sender only. */
const NO_SENDER = '';

/** One result for each contact, in the order asked. */
export async function findBlocked(db: Queryable, account: Account, input: FindInput): Promise<FindResult['results']> {
  const ids = input.contacts.map((contact) => contact.id);
  const found = await db.query<{ contactId: string; entryId: string }>(
    `select contact_id as "contactId", entry_id as "entryId"
     from blocklist_blocking_entries($1::integer[], $2, $3, $4, $5::bigint[])`,
    [
      account.ancestors,
      input.channel,
      input.sender === undefined ? NO_SENDER : senderKey(input.sender),
      input.purpose ?? 'MARKETING',
      ids,
    ],
  );
  const entries = new Map(found.rows.map((row) => [row.contactId, row.entryId]));
  const explanations = await explain(db, [...entries.values()]);
  return ids.map((contactId) => {
    const explanation = explanations.get(entries.get(contactId) ?? '');
    return explanation === undefined ? { contactId, blocked: false } : { contactId, blocked: true, explanation };
  });
}
