// How long the texts of replies are kept, on a real database: by the sweep, and never of a reply that still waits.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createInboundActivities } from '../activities/inbound.js';
import { createSweepActivities } from '../activities/sweep.js';
import { INBOUND_SHARDS } from '../src/domain/shard.js';
import { eraseReadTexts } from '../src/storage/retention.js';
import { openProduct, type Product } from './support/product.js';

let product: Product;
beforeAll(async () => {
  product = await openProduct();
});
afterAll(() => product?.close());

const readAll = async (): Promise<void> => {
  const { blocklistDrain } = createInboundActivities(product.deps);
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) while ((await blocklistDrain({ shard })).more);
};

const age = (days: number) =>
  product.storage.db.query(
    `update inbox set received_at = received_at - $1 * interval '1 day', created_at = created_at - $1 * interval '1 day',
       read_at = read_at - $1 * interval '1 day'`,
    [days],
  );

const texts = async () =>
  (
    await product.storage.db.query<{ state: string; text: string | null; reason: string | null }>(
      `select state, text, reading ->> 'reason' as reason from inbox order by id`,
    )
  ).rows;

it('the sweep erases texts that were read longer ago than is kept, and none of replies that wait', async () => {
  await product.reply({ from: '385910000701', text: 'STOP' });
  await product.reply({ from: '385910000702', text: 'lose my number' });
  await readAll();
  await age(91);
  await product.reply({ from: '385910000703', text: 'see you at five' });
  await readAll();
  await product.reply({ from: '385910000704', text: 'not read yet' });
  await product.storage.db.query(
    `update inbox set received_at = received_at - interval '91 days', created_at = created_at - interval '91 days'
     where state = 'unread'`,
  );

  await createSweepActivities({ ...product.deps, retentionDays: 90 }).blocklistSweepOnce();

  expect(await texts()).toMatchObject([
    { state: 'read', text: null, reason: 'keyword' },
    { state: 'review', text: 'lose my number' },
    { state: 'read', text: 'see you at five' },
    { state: 'unread', text: 'not read yet' },
  ]);
  const evidence = await product.storage.db.query<{ evidence: unknown }>(
    'select evidence from blocklist_events where contact_id = $1',
    [await product.contact('385910000701')],
  );
  expect(JSON.stringify(evidence.rows)).toContain('keyword');
});

it('more than a page is erased in one call', async () => {
  await product.storage.db.query(
    `insert into inbox (provider, message_id, kind, account_id, contact_id, shard, channel, sender, sender_key, text,
       received_at, state, read_at)
     select provider, 'many-' || n, kind, account_id, contact_id, shard, channel, sender, sender_key, 'hello',
       received_at, 'read', now() - interval '40 days'
     from inbox, generate_series(1, 2500) n where message_id = (select min(message_id) from inbox)`,
  );
  expect(await eraseReadTexts(product.storage.db, 39)).toBe(2_500);
  expect(await eraseReadTexts(product.storage.db, 39)).toBe(0);
});
