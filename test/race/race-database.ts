// The race test's own connections: as the product's, but deadlocks are counted instead of hidden; a connection can be
// ended by the server in the middle of a transaction, before its commit or while it commits; and operations can carry a
// name, by which the log and the gates know them.
import { watchEnd } from '../support/ended.js';
import pg from 'pg';
import type { Database, Queryable } from '../../src/storage/database.js';
import { Gate, type Point } from './gate.js';
import { markWritten } from './race-log.js';

/** `before`: certainly rolled back. `during`: nobody can say, as when a machine loses its network. */
export type Crash = 'before' | 'during';

export class CrashedError extends Error {
  override readonly name = 'CrashedError';
  /** As the product's error for a lost connection. */
  readonly retryable = true;
}

/** How an operation differs from a plain one. */
export interface Operation {
  /** Ties what it writes to it. */
  readonly tag?: string;
  readonly crash?: Crash;
  /** Where it has to wait. */
  readonly pause?: { readonly at: Point; readonly gate: Gate };
}

export class RaceDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #names = new Map<string, string>();
  /** Server processes of the operations under way, by the beginning of their name. */
  readonly #busy = new Map<number, string>();
  /** SQLSTATE 40P01 seen by any statement. Ordered locks never cause one. */
  deadlocks = 0;

  /** `widen`: critical moments are held open for some milliseconds; see `PAUSES`. */
  constructor(url: string, connections: number, { widen = false }: { readonly widen?: boolean } = {}) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: connections,
      statement_timeout: 20_000,
      lock_timeout: 15_000,
      application_name: 'race',
      ...(widen ? { options: '-c race.widen=on' } : {}),
    });
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row>> {
    return this.#counting(() => this.#pool.query<Row>(this.#named(text, values)));
  }

  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.#counting(() => this.#transaction(work, {}));
  }

  /** A database whose every statement or transaction is part of an operation. */
  as(operation: Operation): Database {
    return {
      query: (text, values) => this.#counting(() => this.#transaction((tx) => tx.query(text, values), operation)),
      transaction: (work) => this.#counting(() => this.#transaction(work, operation)),
      connect: () => this.connect(),
      close: () => Promise.resolve(),
    };
  }

  connect(): Promise<pg.PoolClient> {
    return this.#pool.connect();
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  gate(): Promise<Gate> {
    return Gate.shut(this);
  }

  /** Resolves when `work` is done, or when an operation whose tag ends so waits for a lock (not at a gate). */
  async doneOrBlocked(work: Promise<unknown>, tagEnding: string): Promise<void> {
    const end = watchEnd(work);
    while (!end.isOver) {
      const pids = [...this.#busy].filter(([, tag]) => tag.endsWith(tagEnding)).map(([pid]) => pid);
      if (pids.length > 0 && (await Gate.isBlockedElsewhere(this, pids))) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  async #transaction<T>(work: (tx: Queryable) => Promise<T>, { tag, crash, pause }: Operation): Promise<T> {
    const client = await this.#pool.connect();
    // The backend's id is told at connection; the driver keeps it for cancelling.
    const { processID } = client as unknown as { processID: number };
    let broken = crash !== undefined;
    try {
      await client.query(['begin', ...settingsOf(tag, pause)].join(';'));
      if (tag !== undefined) this.#busy.set(processID, tag);
      const query: Queryable['query'] = (text, values) => client.query(this.#named(text, values));
      const result = await work({ query: tag === undefined ? query : markWritten(query, tag) });
      if (crash === undefined) {
        await client.query('commit');
        return result;
      }
      const commit = crash === 'during' ? client.query('commit').catch(() => undefined) : undefined;
      await this.#pool.query('select pg_terminate_backend($1)', [processID]);
      await commit;
      throw new CrashedError(`connection ended ${crash} commit`);
    } catch (error) {
      if (!broken) await client.query('rollback').catch(() => (broken = true));
      throw error;
    } finally {
      this.#busy.delete(processID);
      client.release(broken);
    }
  }

  async #counting<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if ((error as { code?: unknown }).code !== '40P01') throw error;
        this.deadlocks += 1;
        if (attempt === 20) throw error;
      }
    }
  }

  #named(text: string, values: readonly unknown[] | undefined): pg.QueryConfig {
    let name = this.#names.get(text);
    if (name === undefined) this.#names.set(text, (name = `r${this.#names.size}`));
    return values === undefined ? { text } : { name, text, values: [...values] };
  }
}

/** Tags and points are made of letters, digits and hyphens. */
function settingsOf(tag: Operation['tag'], pause: Operation['pause']): string[] {
  return [
    ...(tag === undefined ? [] : [`set local race.tag = '${tag}'`]),
    ...(pause === undefined
      ? []
      : [`set local race.pause_at = '${pause.at}'`, `set local race.gate = '${pause.gate.key}'`]),
  ];
}
