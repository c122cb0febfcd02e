// Which hand-written flows have something to do with a contact: registered at a flow's first step, so that an opt-out
// or a reply finds it (Visibility lags and knows no contacts).
import type { FlowIdentity } from '../domain/step-activities.js';
import type { Queryable } from './database.js';
import { present } from '../domain/present.js';

export interface Flows {
  /** Register, or open again, and return the registration's id. */
  register(flow: FlowIdentity, contactId: string, accountId: number): Promise<string>;
  /** The registration's id, where this process has it in mind. */
  known(flow: FlowIdentity, contactId: string): string | undefined;
  /** Keep in mind a registration that a claim has made. */
  remember(flow: FlowIdentity, contactId: string, id: string): void;
}

/** Registrations of one run repeat with each of its steps; the memory is bounded. */
const REMEMBERED = 50_000;

/** The statement's text; `source` is where the contact comes from, if not from a parameter. */
export function registerFlow(workflowId: string, contactId: string, accountId: string, source = ''): string {
  return `insert into flow_contacts (workflow_id, contact_id, account_id)
    select ${workflowId}::text, ${contactId}::bigint, ${accountId}::integer ${source}
    on conflict (contact_id, workflow_id) do update set closed_at = null, registered_at = now()
    returning id`;
}

export function flowStore(db: Queryable): Flows {
  const ids = new Map<string, string>();
  const keyOf = (flow: FlowIdentity, contactId: string): string =>
    `${flow.firstRunId}/${flow.continuedFromRunId ?? ''}/${contactId}/${flow.workflowId}`;
  const known = (flow: FlowIdentity, contactId: string): string | undefined => ids.get(keyOf(flow, contactId));
  const remember = (flow: FlowIdentity, contactId: string, id: string): void => {
    if (ids.size >= REMEMBERED) ids.clear();
    ids.set(keyOf(flow, contactId), id);
  };
  return {
    known,
    remember,
    async register(flow, contactId, accountId) {
      const remembered = known(flow, contactId);
      if (remembered !== undefined) return remembered;
      const found = await db.query<{ id: string }>(registerFlow('$1', '$2', '$3'), [
        flow.workflowId,
        contactId,
        accountId,
      ]);
      const { id } = present(found.rows[0], 'the registration');
      remember(flow, contactId, id);
      return id;
    },
  };
}
