// Connections to Postgres: time-outs on each of them, transactions that retry what may be retried, and one place
// that turns a driver's error into ours. A missing answer is an error here, never a default.
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlocklistError } from '../domain/errors.js';

export interface DatabaseOptions {
  /** Connections of this pool; each task queue has its own. Default 10. */
  readonly connections?: number;
  /** A statement that runs longer is ended, so that a frozen process cannot keep opt-outs waiting. Default 30 s. */
  readonly statementTimeoutMs?: number;
  readonly lockTimeoutMs?: number;
  readonly applicationName?: string;
}

/** Runs statements: a pool, or one connection inside a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<pg.QueryResult<Row>>;
}

export interface Database extends Queryable {
  /** Run `work` in one transaction; deadlocks and lost serialisation races start it again, nothing else does. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** A connection of its own, for LISTEN and COPY. The caller ends it. */
  connect(): Promise<pg.PoolClient>;
  close(): Promise<void>;
}

/** Deadlock, serialisation failure, lock not available: the same work may succeed at once. */
const RETRY_AT_ONCE = new Set(['40P01', '40001', '55P03']);
/** Class 08 connection, 53 resources, 57P operator intervention, 58 system, XX internal; 57014 statement time-out. */
const UNAVAILABLE = /^(08|53|57P|58|XX)|^57014$|^25P0[23]$/;
const ATTEMPTS = 6;

export function openDatabase(url: string, options: DatabaseOptions = {}): Database {
  const pool = new pg.Pool({
    ...address(url),
    max: options.connections ?? 10,
    application_name: options.applicationName ?? 'blocklist',
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    lock_timeout: options.lockTimeoutMs ?? 10_000,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced on next use; without a listener it would end the process.
  pool.on('error', () => undefined);
  // While a connection is in use the pool does not listen to it; its statements reject by themselves.
  pool.on('connect', (client) => client.on('error', () => undefined));

  return {
    query: (text, values) => retrying(() => pool.query(statement(text, values))),
    async transaction(work) {
      return retrying(async () => {
        const client = await pool.connect();
        let broken: Error | undefined;
        try {
          await client.query('begin');
          const result = await work({
            query: (text, values) => client.query(statement(text, values)),
          });
          await client.query('commit');
          return result;
        } catch (error) {
          await client.query('rollback').catch((failure: Error) => (broken = failure));
          throw error;
        } finally {
          client.release(broken);
        }
      });
    },
    connect: async () => {
      try {
        return await pool.connect();
      } catch (error) {
        throw asBlocklistError(error);
      }
    },
    close: () => pool.end(),
  };
}

/** What a connection string says wins over the pool's settings; these nobody may change. */
const OURS = ['options', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'];

function address(url: string): Pick<pg.PoolConfig, 'connectionString' | 'options'> {
  // The locks decide only together with snapshots taken after them, whatever the database defaults to.
  const isolation = '-c default_transaction_isolation=read\\ committed';
  if (!URL.canParse(url)) return { connectionString: url, options: isolation };
  const read = new URL(url);
  const given = read.searchParams.get('options') ?? '';
  for (const name of OURS) read.searchParams.delete(name);
  // Of two settings of one name the later holds.
  return { connectionString: read.toString(), options: `${given} ${isolation}`.trim() };
}

/** Named statements are parsed and planned once a connection. The name is the text itself, shortened by hash. */
const names = new Map<string, string>();
function statement(text: string, values: readonly unknown[] | undefined): pg.QueryConfig {
  let name = names.get(text);
  if (name === undefined) {
    name = `s${names.size}`;
    names.set(text, name);
  }
  return values === undefined ? { text } : { name, text, values: values as unknown[] };
}

async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const code = sqlState(error);
      if (code === undefined || !RETRY_AT_ONCE.has(code) || attempt >= ATTEMPTS) throw asBlocklistError(error);
      await sleep(Math.random() * 20 * attempt);
    }
  }
}

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/** A driver's message may quote values; ours names the SQLSTATE alone and keeps the original as cause, unlogged. */
export function asBlocklistError(error: unknown): Error {
  if (error instanceof BlocklistError) return error;
  const code = sqlState(error);
  if (code === undefined) {
    const system = (error as { code?: unknown } | null)?.code;
    const message = error instanceof Error ? error.message : '';
    if (typeof system === 'string' || /connect|terminated|timeout/i.test(message)) {
      return new BlocklistError('STORAGE_UNAVAILABLE', 'The database cannot be reached; nothing was decided.', {
        retryable: true,
        cause: error,
      });
    }
    return error instanceof Error ? error : new Error('unknown failure', { cause: error });
  }
  if (code === 'P0002') {
    return new BlocklistError('NOT_FOUND', 'A contact is not known in this account tree. Resolve the contact first.');
  }
  if (UNAVAILABLE.test(code) || RETRY_AT_ONCE.has(code)) {
    return new BlocklistError('STORAGE_UNAVAILABLE', `The database is not available (SQLSTATE ${code}).`, {
      retryable: true,
      cause: error,
    });
  }
  return new BlocklistError('STORAGE_UNAVAILABLE', `The database refused a statement (SQLSTATE ${code}).`, {
    retryable: true,
    cause: error,
  });
}
