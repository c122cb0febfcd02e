// Product events: stored once by id, and passed on to the flows of the person through the outbox.
import { BlocklistError } from '../domain/errors.js';
import type { ContactEvent, EventSignal } from '../domain/step-activities.js';
import type { Queryable } from './database.js';
import { enqueue } from './outbox.js';

/** Within a transaction: the event and what follows from it, or neither. */
export async function recordEvent(tx: Queryable, event: ContactEvent): Promise<void> {
  const contact = await tx.query<{ rootId: number }>('select root_id as "rootId" from contact_points where id = $1', [
    event.contact.id,
  ]);
  const rootId = contact.rows[0]?.rootId;
  if (rootId === undefined) throw new BlocklistError('NOT_FOUND', `There is no contact ${event.contact.id}.`);
  const stored = await tx.query(
    `insert into inbox (provider, message_id, kind, account_id, contact_id, shard, received_at, state, reading)
     values ('event', $1, 'EVENT', $2, $3, 0, $4, 'read', jsonb_build_object('event', $5::text))
     on conflict (provider, message_id) do nothing`,
    [event.id, rootId, event.contact.id, event.at, event.event],
  );
  if (stored.rowCount === 0) return;
  const flows = await tx.query<{ id: string; workflowId: string }>(
    'select id, workflow_id as "workflowId" from flow_contacts where contact_id = $1 and closed_at is null',
    [event.contact.id],
  );
  const arg: EventSignal = {
    contactId: event.contact.id,
    event: event.event,
    eventId: event.id,
    properties: event.properties,
    at: event.at,
  };
  await enqueue(
    tx,
    flows.rows.map((flow) => ({
      kind: 'SIGNAL',
      payload: { workflowId: flow.workflowId, flowContact: flow.id, signal: 'blocklistEvent', arg },
    })),
  );
}
