// Reads the replies of one stage's people as the product's drain reads a shard's: all of a person at once, in the order
// received, in one transaction with what follows from them.
import { LIFT_TABLE } from '../../src/domain/lifts.js';
import type { Database, Queryable } from '../../src/storage/database.js';
import { pages, writeOptIns, writeOptOuts, type OptIn, type OptOut } from '../../src/storage/opt-outs.js';
import type { SendingChannel } from '../../src/domain/channel.js';
import { mark } from './race-log.js';
import type { Stage } from './stage.js';

interface Unread {
  readonly inboxId: string;
  readonly contactId: string;
  readonly accountId: number;
  readonly channel: SendingChannel;
  readonly sender: string;
  readonly text: string;
  readonly receivedAt: Date;
  readonly campaignId: number | null;
}

/** `includingReview`: an operator has looked at what could not be read. */
export async function drain(db: Database, stage: Stage, tag: string, includingReview = false): Promise<void> {
  const { phone0, phone1, mail0, mail1 } = stage.contacts;
  const people = await db.query<{ id: string }>(
    `select distinct contact_id as id from inbox where contact_id = any ($1::bigint[]) and state = any ($2)`,
    [[phone0.id, phone1.id, mail0.id, mail1.id], includingReview ? ['unread', 'review'] : ['unread']],
  );
  // Nobody else is touched: what is held without a reason must not be found by accident.
  if (people.rows.length === 0) return;
  const contacts = people.rows.map(({ id }) => id);
  await db.transaction(async (tx) => {
    const unread = await tx.query<Unread>(
      `select inbox_id as "inboxId", contact_id as "contactId", account_id as "accountId", channel, sender, text,
         received_at as "receivedAt", campaign_id as "campaignId"
       from blocklist_read_replies($1::bigint[])`,
      [contacts],
    );
    for (const round of pages(unread.rows)) {
      const outs = round.filter(({ item }) => item.text.startsWith('STOP'));
      const ins = round.filter(({ item }) => item.text === 'START');
      const optOuts = outs.map(({ n, item }): { n: number; item: OptOut } => ({ n, item: changeOf(item, tag) }));
      const optIns = ins.map(({ n, item }): { n: number; item: OptIn } => ({
        n,
        item: { ...changeOf(item, tag), sources: LIFT_TABLE.PERSON_KEYWORD.sources },
      }));
      if (optOuts.length > 0) {
        await writeOptOuts(tx, optOuts);
        await mark(
          tx,
          tag,
          optOuts.map(({ item }) => item.contactId),
        );
      }
      if (optIns.length > 0) await writeOptIns(tx, optIns);
    }
    await finish(tx, unread.rows, tag);
    if (includingReview) await finishReviews(tx, contacts, tag);
    await tx.query('select blocklist_release($1::bigint[])', [contacts]);
  });
}

function changeOf(reply: Unread, tag: string): OptOut {
  return {
    accountId: reply.accountId,
    contactId: reply.contactId,
    source: 'MO',
    receivedAt: reply.receivedAt,
    inboxId: reply.inboxId,
    actor: tag,
    ...(reply.campaignId === null ? {} : { campaignId: reply.campaignId }),
    ...(reply.text === 'STOP HERE' ? { channel: reply.channel, sender: reply.sender } : {}),
  };
}

async function finish(tx: Queryable, replies: readonly Unread[], tag: string): Promise<void> {
  await tx.query(
    `update inbox
     set state = case when text = 'unreadable' then 'review' else 'read' end, reading = jsonb_build_object('tag', $2::text)
     where id = any ($1::bigint[])`,
    [replies.map(({ inboxId }) => inboxId), tag],
  );
}

async function finishReviews(tx: Queryable, contacts: readonly string[], tag: string): Promise<void> {
  await tx.query(
    `update inbox set state = 'read', reading = jsonb_build_object('tag', $2::text)
     where contact_id = any ($1::bigint[]) and state = 'review'`,
    [contacts, tag],
  );
}
