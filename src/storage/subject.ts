// All that is known of one destination: for the person who asks what is stored about him.
import type { DestinationHistory } from '../domain/destination-history.js';
import type { Destination } from '../domain/destinations.js';
import type { Account } from './accounts.js';
import type { Storage } from './storage.js';
import { destinationHistory, iso } from './destination-history.js';
import { withoutNulls } from './without-nulls.js';

export interface SubjectFile extends DestinationHistory {
  /** Absent when nothing was ever stored about the destination. */
  readonly contact?: {
    readonly contactId: string;
    readonly createdAt: string;
    /** True: the clear text is gone, the suppression stays. */
    readonly erased: boolean;
  };
  readonly flows: readonly {
    readonly workflowId: string;
    readonly registeredAt: string;
    readonly closedAt?: string;
  }[];
  readonly broadcasts: readonly {
    readonly broadcastId: string;
    readonly campaign?: string;
    readonly createdAt: string;
  }[];
  readonly imports: readonly { readonly importId: string; readonly name: string; readonly createdAt: string }[];
}

/** No message is left out. */
const ALL_MESSAGES = 1_000_000;

/** As the account may see it: its own, its ancestors' entries, and what is below it. */
export async function subjectFile(storage: Storage, account: Account, destination: Destination): Promise<SubjectFile> {
  const { db, contacts } = storage;
  const history = await destinationHistory(db, contacts, account, destination, { messages: ALL_MESSAGES });
  const { contactId } = history;
  if (contactId === undefined) return { ...history, flows: [], broadcasts: [], imports: [] };
  const rows = async <T extends object>(text: string, ...values: readonly unknown[]): Promise<T[]> => {
    const found = await db.query(text, [contactId, ...values]);
    return found.rows.map((row) => withoutNulls<T>(row));
  };
  const [contact] = await rows<NonNullable<SubjectFile['contact']>>(
    `select id as "contactId", ${iso('created_at')} as "createdAt", value is null as erased
     from contact_points where id = $1`,
  );
  const flows = await rows<SubjectFile['flows'][number]>(
    `select f.workflow_id as "workflowId", ${iso('f.registered_at')} as "registeredAt", ${iso('f.closed_at')} as "closedAt"
     from flow_contacts f
     join accounts a on a.id = f.account_id
     where f.contact_id = $1 and $2 = any (a.ancestors)
     order by f.id`,
    account.id,
  );
  // Each page has to be looked into; the file of one person is asked for rarely.
  const broadcasts = await rows<SubjectFile['broadcasts'][number]>(
    `select b.key as "broadcastId", c.reference as campaign, ${iso('b.created_at')} as "createdAt"
     from broadcasts b
     join streams st on st.id = b.stream_id
     join accounts a on a.id = st.account_id
     left join campaigns c on c.id = st.campaign_id
     where $2 = any (a.ancestors)
       and exists (select from broadcast_pages p where p.broadcast_id = b.id and $1::bigint = any (p.contacts))
     order by b.id`,
    account.id,
  );
  const imports = await rows<SubjectFile['imports'][number]>(
    `select i.id as "importId", i.name, ${iso('i.created_at')} as "createdAt"
     from imports i
     join accounts a on a.id = i.account_id
     where $2 = any (a.ancestors)
       and i.id::text in (select e.evidence ->> 'import' from blocklist_events e where e.contact_id = $1)
     order by i.id`,
    account.id,
  );
  return { ...history, ...(contact === undefined ? {} : { contact }), flows, broadcasts, imports };
}
