// A broadcast under which everything dies: the worker without a chance to finish anything, then the database.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDatabase } from '../src/dev/postgres-databases.js';
import { ScratchServers, type ScratchPostgres } from '../src/dev/scratch-servers.js';
import { createBroadcast, loadAudience, startable } from '../src/storage/broadcasts.js';
import { migrate } from '../src/storage/migrate.js';
import { BroadcastRig } from './support/broadcast-rig.js';
import { lines, SPRING } from './support/broadcasting.js';
import { getTemporal } from './support/servers.js';
import { until } from './support/team.js';

const RECIPIENTS = 20_000;
const people = Array.from({ length: RECIPIENTS }, (_, i) => String(385_920_000_000 + i));

let servers: ScratchServers;
let postgres: ScratchPostgres;
let rig: BroadcastRig;
beforeAll(async () => {
  servers = new ScratchServers();
  // Durable: what was acknowledged must survive its being killed.
  postgres = await servers.startPostgres({ isDurable: true });
  const databaseUrl = await createDatabase(postgres.adminUrl, 'crash');
  await migrate(databaseUrl);
  rig = await BroadcastRig.open({ databaseUrl, ...(await getTemporal()) });
});
afterAll(async () => {
  await rig?.close();
  await servers?.stop();
});

it('A worker killed with SIGKILL in the middle of a 20,000-recipient broadcast, and Postgres restarted under it: each recipient who did not opt out has exactly one message, the others at most one and none after their acknowledgement', async () => {
  const { broadcastId } = await createBroadcast(rig.storage, SPRING);
  await loadAudience(rig.storage, broadcastId, lines(people));
  await startable(rig.storage, broadcastId);
  // A slow provider, so that there is a middle to be killed in.
  await rig.sandbox('POST', '/faults', { mode: 'delay', delayMs: 400 });
  const acknowledged = new Map<string, string>();
  const over = new AbortController();
  const leaving = (async () => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      // From the far end, where nothing has been sent yet, and from everywhere.
      const person = people[n % 2 === 0 ? RECIPIENTS - 1 - n : (n * 7_919) % RECIPIENTS]!;
      await optOut(person);
      acknowledged.set(person, new Date().toISOString());
    }
  })();
  const first = await rig.startWorker();
  const handle = await rig.start(broadcastId);
  await until(() => rig.log().length >= 3_000, 'the first messages');
  await first.kill();
  const whenKilled = rig.log().length;
  const second = await rig.startWorker();
  await until(() => rig.log().length >= 10_000, 'the second worker', 60_000);
  await postgres.kill();
  const whenDown = rig.log().length;
  await sleep(500);
  await postgres.start();
  const { status, counts } = await handle.result();
  over.abort();
  await leaving;
  await second.kill();

  expect(whenKilled).toBeLessThan(RECIPIENTS);
  expect(whenDown).toBeLessThan(RECIPIENTS);
  const messages = rig.log();
  const times = new Map(messages.map(({ to, acceptedAt }) => [to, acceptedAt]));
  expect(times.size).toBe(messages.length);
  expect(people.filter((person) => !acknowledged.has(person) && !times.has(person))).toEqual([]);
  expect([...acknowledged].filter(([person, at]) => (times.get(person) ?? '') > at)).toEqual([]);
  expect(status).toBe('FINISHED');
  // Who opted out while the dead worker had his message at the provider: nobody can say whether it arrived.
  expect({ ...counts, sent: counts.sent + counts.failed }).toEqual({
    audience: RECIPIENTS,
    permitted: counts.sent + counts.failed,
    sent: RECIPIENTS - counts.blocked,
    blocked: counts.blocked,
    held: 0,
    failed: counts.failed,
  });
  expect(messages.length).toBeGreaterThanOrEqual(counts.sent);
  expect(messages.length).toBeLessThanOrEqual(counts.permitted);
  expect(counts.blocked).toBeGreaterThan(20);
}, 180_000);

it('A worker that is told to stop in the middle hands its pages on: nobody gets two messages and nobody none', async () => {
  await rig.sandbox('DELETE', '/faults');
  await rig.sandbox('POST', '/faults', { mode: 'delay', delayMs: 200 });
  const others = Array.from({ length: 12_000 }, (_, i) => String(385_930_000_000 + i));
  const { broadcastId } = await createBroadcast(rig.storage, SPRING);
  await loadAudience(rig.storage, broadcastId, lines(others));
  const before = rig.log().length;
  const first = await rig.startWorker();
  const handle = await rig.start(broadcastId);
  await until(() => rig.log().length >= before + 2_000, 'the first messages');
  await first.stop();
  expect(rig.log().length).toBeLessThan(before + others.length);
  await rig.startWorker();
  const { status, counts } = await handle.result();
  expect(status).toBe('FINISHED');
  expect(counts).toMatchObject({ audience: 12_000, sent: 12_000, failed: 0 });
  const reached = rig.log().slice(before);
  expect(reached).toHaveLength(12_000);
  expect(new Set(reached.map(({ to }) => to)).size).toBe(12_000);
}, 120_000);

/** Again and again while the database is away: an opt-out counts from its acknowledgement. */
async function optOut(person: string): Promise<void> {
  for (;;) {
    try {
      const { id: accountId, rootId } = await rig.storage.accounts.get();
      const [contactId] = await rig.storage.contacts.resolve(rootId, [{ kind: 'phone', value: person }]);
      await rig.storage.optOuts.optOut([
        { accountId, contactId: contactId!, source: 'CUSTOM', receivedAt: new Date(), actor: 'operator:test' },
      ]);
      return;
    } catch {
      await sleep(50);
    }
  }
}
