// Broadcasts at full rate: real Postgres with fsync, the Temporal dev server, the sandbox and the worker as processes of their
// own. One million recipients for rate and memory; then opt-outs into the middle of a broadcast, for silence.
import { createDatabase } from '../../src/dev/postgres-databases.js';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { claimantFor, permitIdForScoped, scopeHash } from '../../src/domain/permit-id.js';
import { DEFAULT_ACCOUNT_KEY } from '../../src/domain/scope.js';
import { createBroadcast, loadAudience, startable, type AudienceLine } from '../../src/storage/broadcasts.js';
import { migrate } from '../../src/storage/migrate.js';
import type { Storage } from '../../src/storage/storage.js';
import { BroadcastRig, type Child } from '../support/broadcast-rig.js';
import type { BenchLine } from './race.js';

export interface BroadcastBenchOptions {
  /** Default one million. */
  readonly recipients?: number;
  /** Told now and then how far it has come. */
  readonly report?: (text: string) => void;
}

const MILLION = 1_000_000;
const CLAIM_BATCH = 1_000;
/** As many claims at once as a broadcast makes: two pages, each two calls. */
const CLAIMS_AT_ONCE = 4;
const CLAIMED = 100_000;
const SILENCE_RECIPIENTS = 200_000;
const FIRST_NUMBER = 385_910_000_000;
const WARM_UP = 20_000;

/** Everything on servers of its own. */
export async function broadcastBench(options: BroadcastBenchOptions = {}): Promise<BenchLine[]> {
  const servers = new ScratchServers();
  let rig: BroadcastRig | undefined;
  try {
    const postgres = await servers.startPostgres({ isDurable: true });
    const temporal = await servers.startTemporal();
    const databaseUrl = await createDatabase(postgres.adminUrl, 'bench');
    await migrate(databaseUrl);
    rig = await BroadcastRig.open({ databaseUrl, address: temporal.address, namespace: 'default', connections: 10 });
    const worker = await rig.startWorker();
    await broadcast(rig, numbers(WARM_UP));
    return [
      ...(await rateAndMemory(rig, worker, options.recipients ?? MILLION, options.report)),
      ...(await silence(rig, options.report)),
    ];
  } finally {
    await rig?.close();
    await servers.stop();
  }
}

/** Recipients a second, its share of the claim rate, and the worker's memory meanwhile. */
async function rateAndMemory(
  rig: BroadcastRig,
  worker: Child,
  recipients: number,
  report: (text: string) => void = () => undefined,
): Promise<BenchLine[]> {
  const before = await claimRate(rig.storage, 'before');
  const memoryFrom = worker.memory.length;
  const { loadMs, sendMs, sent } = await broadcast(rig, numbers(recipients));
  const memory = worker.memory.slice(memoryFrom);
  const after = await claimRate(rig.storage, 'after');
  const rate = (sent / sendMs) * 1_000;
  const claims = (before + after) / 2;
  const third = Math.ceil(memory.length / 3);
  const growth = Math.max(...memory.slice(-third)) / Math.max(...memory.slice(third, -third), ...memory.slice(0, 1));
  report(`${sent} of ${recipients} sent; claims ${Math.round(before)} and ${Math.round(after)} a second`);
  return [
    bounded('broadcast', rate, 'recipients/s', rate / claims, 0.3),
    plain('claim rate beside it, as many at once', claims, 'messages/s'),
    plain('audience loaded', (recipients / loadMs) * 1_000, 'recipients/s'),
    {
      name: 'worker memory, last third of the broadcast against the one before',
      value: Math.max(...memory) / 1e6,
      unit: 'MB at most',
      ratio: growth,
      bound: 1.1,
      holds: sent === recipients && growth <= 1.1,
    },
  ];
}

/** Opt-outs one after another while a broadcast runs: how long until each is acknowledged, and what was sent after that. */
async function silence(rig: BroadcastRig, report: (text: string) => void = () => undefined): Promise<BenchLine[]> {
  const { storage } = rig;
  const { id: accountId, rootId } = await storage.accounts.get();
  const acknowledged = new Map<string, string>();
  const delays: number[] = [];
  const over = new AbortController();
  const from = rig.log().length;
  const people = numbers(SILENCE_RECIPIENTS);
  const begin = async (): Promise<void> => {
    for (let n = 0; !over.signal.aborted; n += 1) {
      const person = String(FIRST_NUMBER + ((n * 7_919) % SILENCE_RECIPIENTS));
      const [contactId] = await storage.contacts.resolve(rootId, [{ kind: 'phone', value: person }]);
      const asked = performance.now();
      await storage.optOuts.optOut([
        { accountId, contactId: contactId ?? '', source: 'CUSTOM', receivedAt: new Date(), actor: 'operator:bench' },
      ]);
      delays.push(performance.now() - asked);
      acknowledged.set(person, new Date().toISOString());
    }
  };
  let leaving: Promise<void> | undefined;
  await broadcast(rig, people, () => {
    leaving = begin();
  });
  over.abort();
  await leaving;
  const late = rig
    .log()
    .slice(from)
    .filter(({ to, acceptedAt }) => acceptedAt > (acknowledged.get(to) ?? '9'));
  delays.sort((a, b) => a - b);
  report(`${delays.length} opt-outs into a broadcast of ${SILENCE_RECIPIENTS}`);
  const quantile = (part: number): number => delays[Math.floor((delays.length - 1) * part)] ?? 0;
  return [
    {
      name: 'messages after an acknowledged opt-out, under a broadcast',
      value: late.length,
      unit: `of ${delays.length} opt-outs`,
      ratio: null,
      bound: 0,
      holds: late.length === 0 && delays.length > 0,
    },
    plain('acknowledgement of an opt-out under a broadcast, p50', quantile(0.5), 'ms'),
    plain('acknowledgement of an opt-out under a broadcast, p99', quantile(0.99), 'ms'),
  ];
}

async function broadcast(rig: BroadcastRig, people: Iterable<AudienceLine>, onStart: () => void = () => undefined) {
  const begun = performance.now();
  const { broadcastId } = await createBroadcast(rig.storage, {
    campaignReference: 'bench',
    channel: 'SMS',
    sender: '10950',
    text: 'Our spring offer is here: 20 % off everything until Sunday. Reply STOP to end.',
  });
  await loadAudience(rig.storage, broadcastId, people);
  await startable(rig.storage, broadcastId);
  const loaded = performance.now();
  const handle = await rig.start(broadcastId);
  onStart();
  const { counts } = await handle.result();
  return { loadMs: loaded - begun, sendMs: performance.now() - loaded, sent: counts.sent };
}

/** Claims of a thousand into the same table by the same number of connections, with nothing else to do. */
async function claimRate(storage: Storage, scope: string): Promise<number> {
  const { id: accountId, rootId } = await storage.accounts.get();
  const streamId = await storage.streams.id({ accountId, channel: 'SMS', sender: '10950', campaign: 'claims' });
  const hash = scopeHash(DEFAULT_ACCOUNT_KEY, scope);
  const batches: { permitId: string; contactId: string }[][] = [];
  for (let at = 0; at < CLAIMED; at += CLAIM_BATCH) {
    const destinations = Array.from({ length: CLAIM_BATCH }, (_, i) => {
      return { kind: 'phone' as const, value: String(FIRST_NUMBER + at + i) };
    });
    const ids = await storage.contacts.resolve(rootId, destinations);
    batches.push(ids.map((contactId) => ({ permitId: permitIdForScoped(hash, BigInt(contactId)), contactId })));
  }
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: CLAIMS_AT_ONCE }, async () => {
      for (let messages = batches.pop(); messages !== undefined; messages = batches.pop()) {
        await storage.permits.claim({ streamId, claimant: claimantFor(scope), mayRepeat: true, messages });
      }
    }),
  );
  return (CLAIMED / (performance.now() - begun)) * 1_000;
}

function* numbers(count: number): Generator<AudienceLine> {
  for (let i = 0; i < count; i += 1) yield { line: i + 1, destination: String(FIRST_NUMBER + i) };
}

const plain = (name: string, value: number, unit: string): BenchLine => {
  return { name, value, unit, ratio: null, bound: null, holds: true };
};

const bounded = (name: string, value: number, unit: string, ratio: number, bound: number): BenchLine => {
  return { name, value, unit, ratio, bound, holds: ratio >= bound };
};
