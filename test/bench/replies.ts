// Replies over HTTP, from the first request to the last committed opt-out, against bare signals into workflows that only count
// them, on the same server. The replies answer messages that were sent, as those of a campaign do. They are told to be older than
// the five minutes in which an opt-out is confirmed: nobody answers the bare signals either. What confirmations cost is told apart.
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { claimantFor, permitIdForScoped, scopeHash } from '../../src/domain/permit-id.js';
import { DEFAULT_ACCOUNT_KEY } from '../../src/domain/scope.js';
import { INBOUND_SHARDS } from '../../src/domain/shard.js';
import type { Storage } from '../../src/storage/storage.js';
import { atLeast, inTurns, median, perSecond, plain } from './figures.js';
import { startInstallation, TEAM_QUEUE, type Installation } from './installation.js';
import type { BenchLine } from './race.js';

const ROUNDS = 5;
/** Replies or signals of one side's turn. */
const TURN = 2_000;
const BATCH = 100;
const AT_ONCE = 50;
const BATCHES_AT_ONCE = 8;
const SENDER = '10950';
const FIRST_NUMBER = 385_910_000_000;
/** With a message back to each, which is a workflow of its own. */
const CONFIRMED = 500;
const TOO_OLD_TO_CONFIRM_MS = 600_000;
/** Opt-outs are looked for so often. */
const LOOK_EVERY_MS = 10;

export async function repliesBench(): Promise<BenchLine[]> {
  const installation = await startInstallation();
  try {
    await installation.start('team-worker');
    const numbers = Array.from({ length: 2 * (ROUNDS + 1) * TURN + CONFIRMED }, (_, i) => String(FIRST_NUMBER + i));
    await send(installation.storage, numbers);
    return await measure(installation, numbers);
  } finally {
    await installation.close();
  }
}

async function measure(installation: Installation, numbers: string[]): Promise<BenchLine[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const rates = await inTurns(ROUNDS, {
    signals: () => signalRate(installation),
    single: () => replyRate(installation, agent, numbers.splice(0, TURN), { batch: 1, atOnce: AT_ONCE }),
    batches: () => replyRate(installation, agent, numbers.splice(0, TURN), { batch: BATCH, atOnce: BATCHES_AT_ONCE }),
  });
  const fresh = { batch: BATCH, atOnce: BATCHES_AT_ONCE, ageMs: 0 };
  const confirmed = await replyRate(installation, agent, numbers, fresh);
  agent.destroy();
  const [signals, single, batches] = [median(rates.signals), median(rates.single), median(rates.batches)];
  const name = (count: number): string => `replies to committed opt-outs, ${count} a request, against bare signals`;
  return [
    atLeast(name(BATCH), batches, 'replies/s', batches / signals, 4),
    atLeast(name(1), single, 'replies/s', single / signals, 1),
    plain(`the same, ${BATCH} a request, with a confirmation due to each`, confirmed, 'replies/s'),
    plain(`bare signals into ${INBOUND_SHARDS} workflows`, signals, 'signals/s'),
  ];
}

/** Everybody has been sent a message. */
async function send({ accounts, contacts, streams, permits }: Storage, numbers: readonly string[]): Promise<void> {
  const { id: accountId, rootId } = await accounts.get();
  const streamId = await streams.id({ accountId, channel: 'SMS', sender: SENDER, campaign: 'bench' });
  const scope = scopeHash(DEFAULT_ACCOUNT_KEY, 'bench');
  for (let at = 0; at < numbers.length; at += 5_000) {
    const page = numbers.slice(at, at + 5_000);
    const ids = await contacts.resolve(
      rootId,
      page.map((value) => ({ kind: 'phone', value })),
    );
    const messages = ids.map((contactId) => ({ permitId: permitIdForScoped(scope, BigInt(contactId)), contactId }));
    await permits.claim({ streamId, claimant: claimantFor('bench'), mayRepeat: true, messages });
    const fenced = await permits.fence(
      rootId,
      messages.map(({ permitId }) => permitId),
    );
    await permits.settle(fenced.map(({ id, attempt }) => ({ id, attempt, state: 'sent' })));
  }
}

interface Posting {
  readonly batch: number;
  readonly atOnce: number;
  readonly ageMs?: number;
}

async function replyRate(
  { stack, storage }: Installation,
  agent: Agent,
  from: readonly string[],
  { batch, atOnce, ageMs = TOO_OLD_TO_CONFIRM_MS }: Posting,
): Promise<number> {
  const receivedAt = new Date(Date.now() - ageMs).toISOString();
  const url = `${stack.gatewayUrl}/inbound/sandbox/sms`;
  const posts: (() => Promise<void>)[] = [];
  for (let at = 0; at < from.length; at += batch) {
    const results = from.slice(at, at + batch).map((number) => {
      return { messageId: randomUUID(), from: number, to: SENDER, text: 'Stop', receivedAt };
    });
    const body = JSON.stringify({ results });
    posts.push(() => post(agent, url, body));
  }
  const last = await storage.db.query<{ id: string }>('select coalesce(max(id), 0) as id from blocklist_entries', []);
  const written = async (): Promise<number> => {
    const text = 'select count(*)::integer as count from blocklist_entries where id > $1';
    return (await storage.db.query<{ count: number }>(text, [last.rows[0]?.id])).rows[0]?.count ?? 0;
  };
  const begun = performance.now();
  const posting = perSecond(posts, atOnce);
  while ((await written()) < from.length) await sleep(LOOK_EVERY_MS);
  const seconds = (performance.now() - begun) / 1_000;
  await posting;
  return from.length / seconds;
}

function post(agent: Agent, url: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the gateway answered ${response.statusCode}`));
      });
    });
    sending.once('error', reject).end(body);
  });
}

async function signalRate({ bareClient }: Installation): Promise<number> {
  const counters: WorkflowHandleWithFirstExecutionRunId[] = [];
  for (let shard = 0; shard < INBOUND_SHARDS; shard += 1) {
    counters.push(
      await bareClient.workflow.start('countSignals', {
        workflowId: randomUUID(),
        taskQueue: TEAM_QUEUE,
        args: [TURN / INBOUND_SHARDS],
      }),
    );
  }
  const signals = Array.from({ length: TURN }, (_, i) => async () => {
    await counters[i % INBOUND_SHARDS]?.signal('count', 'Stop');
  });
  const begun = performance.now();
  await perSecond(signals, AT_ONCE);
  await Promise.all(counters.map((counter) => counter.result()));
  return (TURN / (performance.now() - begun)) * 1_000;
}
