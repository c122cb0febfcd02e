// The race test's own connections: as the product's, but deadlocks are counted instead of hidden, and a connection can
// be ended by the server in the middle of a transaction, before its commit or while it commits.
import pg from 'pg';
import type { Database, Queryable } from '../../src/storage/database.js';

/** `before`: certainly rolled back. `during`: nobody can say, as when a machine loses its network. */
export type Crash = 'before' | 'during';

export class CrashedError extends Error {
  override readonly name = 'CrashedError';
}

export class RaceDatabase implements Database {
  readonly #pool: pg.Pool;
  readonly #names = new Map<string, string>();
  /** SQLSTATE 40P01 seen by any statement. Ordered locks never cause one. */
  deadlocks = 0;

  constructor(url: string, connections: number) {
    this.#pool = new pg.Pool({
      connectionString: url,
      max: connections,
      statement_timeout: 20_000,
      lock_timeout: 15_000,
      application_name: 'race',
    });
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  async query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row>> {
    return this.#counting(() => this.#pool.query<Row>(this.#named(text, values)));
  }

  async transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T> {
    return this.#counting(() => this.#transaction(work, undefined));
  }

  /** A database whose every statement or transaction ends in a crash. */
  crashing(crash: Crash): Database {
    return {
      query: (text, values) => this.#transaction((tx) => tx.query(text, values), crash),
      transaction: (work) => this.#transaction(work, crash),
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

  async #transaction<T>(work: (tx: Queryable) => Promise<T>, crash: Crash | undefined): Promise<T> {
    const client = await this.#pool.connect();
    let broken = crash !== undefined;
    try {
      await client.query('begin');
      const result = await work({ query: (text, values) => client.query(this.#named(text, values)) });
      if (crash === undefined) {
        await client.query('commit');
        return result;
      }
      // The backend's id is told at connection; the driver keeps it for cancelling.
      const { processID } = client as unknown as { processID: number };
      const commit = crash === 'during' ? client.query('commit').catch(() => undefined) : undefined;
      await this.#pool.query('select pg_terminate_backend($1)', [processID]);
      await commit;
      throw new CrashedError(`connection ended ${crash} commit`);
    } catch (error) {
      if (!broken) await client.query('rollback').catch(() => (broken = true));
      throw error;
    } finally {
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
