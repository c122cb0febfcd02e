// Which hand-written flows have something to do with a contact: registered at a flow's first step, so that an opt-out
// or a reply finds it (Visibility lags and knows no contacts).
import type { FlowIdentity } from '../domain/step-activities.js';
import type { Queryable } from './database.js';
import { present } from '../domain/present.js';

export interface Flows {
  /** Register, or open again, and return the registration's id. */
  register(flow: FlowIdentity, contactId: string, accountId: number): Promise<string>;
}

/** Registrations of one run repeat with each of its steps; the memory is bounded. */
const REMEMBERED = 50_000;

export function flowStore(db: Queryable): Flows {
  const ids = new Map<string, string>();
  return {
    async register(flow, contactId, accountId) {
      const key = `${flow.firstRunId}/${flow.continuedFromRunId ?? ''}/${contactId}/${flow.workflowId}`;
      const remembered = ids.get(key);
      if (remembered !== undefined) return remembered;
      const found = await db.query<{ id: string }>(
        `insert into flow_contacts (workflow_id, contact_id, account_id)
         values ($1, $2, $3)
         on conflict (contact_id, workflow_id) do update set closed_at = null, registered_at = now()
         returning id`,
        [flow.workflowId, contactId, accountId],
      );
      const id = present(found.rows[0], 'the registration').id;
      if (ids.size >= REMEMBERED) ids.clear();
      ids.set(key, id);
      return id;
    },
  };
}
