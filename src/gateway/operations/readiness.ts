// Whether traffic can be served: the database is there and fits, and Temporal answers. Workers are not asked: replies are
// taken and kept without them.
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../../domain/errors.js';
import { assertSchema } from '../../storage/migrate.js';
import type { GatewayDeps } from '../gateway-deps.js';

export interface Readiness {
  readonly isReady: boolean;
  readonly reasons: readonly { readonly part: 'gateway' | 'database' | 'temporal'; readonly message: string }[];
}

/** Probes within this time share one answer, so that nobody can load the servers by asking. */
const FRESH_MS = 500;
const WITHIN_MS = 3_000;

export function createReadiness(
  { storage, temporal }: Pick<GatewayDeps, 'storage' | 'temporal'>,
  isClosing: () => boolean,
): () => Promise<Readiness> {
  let latest: { readonly at: number; readonly readiness: Promise<Readiness> } | undefined;

  const look = async (): Promise<Readiness> => {
    const [database, server] = await Promise.all([
      problemOf(
        assertSchema(storage.db),
        'The database does not answer. Check BLOCKLIST_DATABASE_URL and that it runs.',
      ),
      problemOf(
        temporal.assertReachable(),
        'The Temporal server does not answer. Check TEMPORAL_ADDRESS and that it runs.',
      ),
    ]);
    const reasons = [
      ...(database === undefined ? [] : [{ part: 'database' as const, message: database }]),
      ...(server === undefined ? [] : [{ part: 'temporal' as const, message: server }]),
    ];
    return { isReady: reasons.length === 0, reasons };
  };

  return () => {
    if (isClosing()) {
      return Promise.resolve({ isReady: false, reasons: [{ part: 'gateway', message: 'The gateway is stopping.' }] });
    }
    const now = performance.now();
    if (latest === undefined || now - latest.at > FRESH_MS) latest = { at: now, readiness: look() };
    return latest.readiness;
  };
}

async function problemOf(probe: Promise<void>, silence: string): Promise<string | undefined> {
  const late = new AbortController();
  try {
    const outcome = await Promise.race([
      probe.then(() => undefined),
      sleep(WITHIN_MS, silence, { signal: late.signal }),
    ]);
    return outcome;
  } catch (error) {
    return error instanceof BlocklistError ? error.message : silence;
  } finally {
    late.abort();
    // The loser of the race may still fail; nobody listens any more.
    probe.catch(() => undefined);
  }
}
