// Whether a process can do its work: it is up, the database is there and fits, and Temporal answers. For gateway and workers.
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../domain/errors.js';
import type { Database } from '../storage/database.js';
import { assertSchema } from '../storage/migrate.js';

export interface Readiness {
  readonly isReady: boolean;
  readonly reasons: readonly {
    readonly part: 'gateway' | 'worker' | 'database' | 'temporal';
    readonly message: string;
  }[];
}

export interface ReadinessOptions {
  readonly part: 'gateway' | 'worker';
  /** What keeps the process itself from serving; undefined when nothing does. */
  readonly ownProblem: () => string | undefined;
  readonly database: Database;
  /** Throws what is wrong with the Temporal server. */
  readonly assertReachable: () => Promise<void>;
}

/** Probes within this time share one answer, so that nobody can load the servers by asking. */
const FRESH_MS = 500;
const WITHIN_MS = 3_000;

export function createReadiness(options: ReadinessOptions): () => Promise<Readiness> {
  let latest: { readonly at: number; readonly readiness: Promise<Readiness> } | undefined;

  const look = async (): Promise<Readiness> => {
    const [database, server] = await Promise.all([
      problemOf(
        assertSchema(options.database),
        'The database does not answer. Check BLOCKLIST_DATABASE_URL and that it runs.',
      ),
      problemOf(
        options.assertReachable(),
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
    const message = options.ownProblem();
    if (message !== undefined) return Promise.resolve({ isReady: false, reasons: [{ part: options.part, message }] });
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
