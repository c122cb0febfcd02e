// Recipients a second, as a share of the claims a second that the same database gives when nothing else is done; the worker's
// memory meanwhile; and what a message costs in the database when it has been sent.
import { setTimeout as sleep } from 'node:timers/promises';
import { claimantFor, permitIdForScoped, scopeHash } from '../../../src/domain/permit-id.js';
import { DEFAULT_ACCOUNT_KEY } from '../../../src/domain/scope.js';
import { broadcastStatus } from '../../../src/storage/broadcasts.js';
import type { Storage } from '../../../src/storage/storage.js';
import { atLeast, atMost, perSecond, plain } from '../figures.js';
import type { Installation } from '../installation.js';
import type { BenchLine } from '../race.js';
import { numberOf, runBroadcast } from './running.js';

const WARM_UP = 20_000;
const CLAIMED = 200_000;
const CLAIM_BATCH = 1_000;
/** As many as a broadcast has under way: two pages, each two calls. */
const CLAIMS_AT_ONCE = 4;
const SAMPLE_EVERY_MS = 1_000;
/** The worker has warmed up after a fifth of the broadcast; the fifth that follows is compared with the last one. */
const WINDOWS = { early: [0.2, 0.4], late: [0.8, 1] } as const;
const MEMORY_BOUND = 1.2;

interface Sample {
  readonly done: number;
  readonly residentBytes: number;
  readonly heapBytes: number;
}

export async function rateLines(
  installation: Installation,
  recipients: number,
  report: (text: string) => void,
): Promise<BenchLine[]> {
  const { storage } = installation;
  await (
    await runBroadcast(installation, WARM_UP)
  ).ended;
  const before = await claimRate(storage, 'before');
  const bytesBefore = await bytesOfSends(storage);
  const running = await runBroadcast(installation, recipients);
  const sampling = new AbortController();
  const samples = sample(installation, running.broadcastId, recipients, sampling.signal);
  const { result, ms } = await running.ended;
  sampling.abort();
  const bytes = (await bytesOfSends(storage)) - bytesBefore;
  const after = await claimRate(storage, 'after');
  const { sent } = result.counts;
  if (sent !== recipients) throw new Error(`${sent} of ${recipients} were sent`);
  const rate = (sent / ms) * 1_000;
  const claims = (before + after) / 2;
  const taken = await samples;
  report(`worker, MB resident and heap: ${taken.map(megabytes).join(' ')}`);
  report(`broadcast: ${sent} sent at ${Math.round(rate)}/s, claims ${Math.round(before)} and ${Math.round(after)}/s`);
  return [
    atLeast('broadcast, as a share of claims alone', rate, 'recipients/s', rate / claims, 0.3),
    plain(`claims alone, ${CLAIMS_AT_ONCE} of ${CLAIM_BATCH} at once`, claims, 'messages/s'),
    plain('audience of a broadcast loaded', (recipients / running.loadMs) * 1_000, 'recipients/s'),
    ...memoryLines(taken, recipients),
    plain('database with indexes, a message that was sent', bytes / sent, 'bytes/message'),
  ];
}

/** The highest resident size counts what the process costs, the lowest heap what it cannot let go of. */
function memoryLines(samples: readonly Sample[], recipients: number): BenchLine[] {
  const within = ([from, to]: readonly [number, number], figure: 'residentBytes' | 'heapBytes'): number[] =>
    samples.filter(({ done }) => done >= from && done <= to).map((each) => each[figure]);
  const resident = Math.max(...within(WINDOWS.late, 'residentBytes'));
  const heap = Math.min(...within(WINDOWS.late, 'heapBytes'));
  const name = (what: string): string =>
    `worker ${what}, last fifth of ${recipients.toLocaleString('en')} recipients against the second`;
  const residentRatio = resident / Math.max(...within(WINDOWS.early, 'residentBytes'));
  const heapRatio = heap / Math.min(...within(WINDOWS.early, 'heapBytes'));
  return [
    atMost(name('memory'), resident / 1e6, 'MB at most', residentRatio, MEMORY_BOUND),
    atMost(name('heap'), heap / 1e6, 'MB at least', heapRatio, MEMORY_BOUND),
  ];
}

const megabytes = ({ residentBytes, heapBytes }: Sample): string =>
  `${Math.round(residentBytes / 1e6)}/${Math.round(heapBytes / 1e6)}`;

async function sample(
  { stack, storage }: Installation,
  broadcastId: string,
  recipients: number,
  signal: AbortSignal,
): Promise<Sample[]> {
  const worker = stack.parts().find(({ name }) => name === 'worker');
  const samples: Sample[] = [];
  while (!signal.aborted) {
    const { counts } = await broadcastStatus(storage, broadcastId);
    const metrics = await (await fetch(`http://127.0.0.1:${worker?.port}/metrics`)).text();
    const gauge = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1]);
    samples.push({
      done: counts.sent / recipients,
      residentBytes: gauge('process_resident_memory_bytes'),
      heapBytes: gauge('nodejs_heap_size_used_bytes'),
    });
    await sleep(SAMPLE_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return samples;
}

/** Claims of a thousand into the same table by as many connections as a broadcast keeps busy. */
async function claimRate(storage: Storage, scope: string): Promise<number> {
  const { id: accountId, rootId } = await storage.accounts.get();
  const streamId = await storage.streams.id({ accountId, channel: 'SMS', sender: '10950', campaign: 'claims' });
  const hash = scopeHash(DEFAULT_ACCOUNT_KEY, scope);
  const work: (() => Promise<unknown>)[] = [];
  for (let at = 0; at < CLAIMED; at += CLAIM_BATCH) {
    const destinations = Array.from({ length: CLAIM_BATCH }, (_, i) => {
      return { kind: 'phone' as const, value: numberOf(at + i) };
    });
    const ids = await storage.contacts.resolve(rootId, destinations);
    const messages = ids.map((contactId) => ({ permitId: permitIdForScoped(hash, BigInt(contactId)), contactId }));
    work.push(() => storage.permits.claim({ streamId, claimant: claimantFor(scope), mayRepeat: true, messages }));
  }
  return CLAIM_BATCH * (await perSecond(work, CLAIMS_AT_ONCE));
}

async function bytesOfSends({ db }: Storage): Promise<number> {
  const found = await db.query<{ bytes: number }>(`select pg_total_relation_size('sends')::float8 as bytes`, []);
  return found.rows[0]?.bytes ?? NaN;
}
