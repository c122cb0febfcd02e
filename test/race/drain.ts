// Reads the replies of one stage's people with the product's drain (src/storage/replies.ts). It goes by shards, which stages
// share; here it is shown the people of one stage alone, since what is held without a reason must not be found by accident.
import type { KeywordRule } from '../../src/domain/replies/keywords.js';
import { DEFAULT_POLICY } from '../../src/domain/replies/reading.js';
import type { Database } from '../../src/storage/database.js';
import { drainShard } from '../../src/storage/replies.js';
import type { Operation, RaceDatabase } from './race-database.js';
import type { Stage } from './stage.js';

/** Replies to this sender cannot be read by any means; see the log's trigger. */
export const UNREADABLE = 'Unreadable';

const RULES: readonly KeywordRule[] = [{ keyword: 'STOP HERE', action: 'BLOCK', level: 'FROM_SENDER' }];

export async function drain(db: RaceDatabase, stage: Stage, operation: Operation): Promise<void> {
  let asked = 0;
  const tagged = db.as(operation);
  const ofStage: Database = {
    ...tagged,
    query: (text, values) => {
      if (!text.includes('blocklist_people_to_read(')) return tagged.query(text, values);
      asked += 1;
      return db.query(
        `select contact_id as id from inbox where contact_id = any ($1::bigint[]) and state = 'unread'
         group by contact_id order by min(id)`,
        [peopleOf(stage)],
      );
    },
  };
  await drainShard(ofStage, 0, (_tx, _account, _channel, senderKey) =>
    senderKey === UNREADABLE.toLowerCase()
      ? Promise.reject(new Error('this reply cannot be read'))
      : Promise.resolve({ keywords: RULES, policy: DEFAULT_POLICY }),
  );
  if (asked !== 1) throw new Error('the drain no longer asks for its people as this test expects');
}

/** An operator has looked at what could not be read. */
export async function finishReviews(db: RaceDatabase, stage: Stage, tag: string): Promise<void> {
  await db.as({ tag }).transaction(async (tx) => {
    await tx.query('select blocklist_lock_for_change($1::bigint[])', [peopleOf(stage)]);
    await tx.query(`update inbox set state = 'read' where contact_id = any ($1::bigint[]) and state = 'review'`, [
      peopleOf(stage),
    ]);
    await tx.query('select blocklist_release($1::bigint[])', [peopleOf(stage)]);
  });
}

const peopleOf = ({ contacts: { phone0, phone1, mail0, mail1 } }: Stage): string[] =>
  [phone0, phone1, mail0, mail1].map(({ id }) => id);
