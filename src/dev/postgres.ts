// A real Postgres from npm: creates the database cluster on first use and describes the server as a program to be started.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { BlocklistError } from '../domain/errors.js';
import { sharedFolder } from './folders.js';
import type { Guard } from './guard.js';
import { postgresBinaries } from './postgres-binaries.js';
import { createCluster, endLeftOver, POSTGRES_ADMIN, POSTGRES_RANK, postgresEnvironment } from './postgres-cluster.js';
import { postgresUser } from './postgres-user.js';
import type { Program } from './program.js';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  // Sockets in the file system would only bring a limit on the length of the path.
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  // Nothing replicates from here.
  wal_level: 'minimal',
  max_wal_senders: '0',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  // A failed statement or a violated constraint quotes values, and values can be destinations.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' };
/** Survives a killed process but not a machine that stops: for tests. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export interface PostgresOptions {
  readonly dataDir: string;
  readonly password: string;
  readonly port: number;
  readonly logFile: string;
  readonly isDurable?: boolean;
  readonly guard: Guard;
}

export interface PostgresServer {
  readonly program: Program;
  readonly adminUrl: string;
  /** True as soon as it answers queries. */
  isReady(): Promise<boolean>;
}

/** Makes the cluster if there is none, and ends a server that a killed supervisor may have left on it. */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresServer> {
  const user = postgresUser();
  const binaries = postgresBinaries(user, sharedFolder(user));
  await endLeftOver(options.dataDir);
  if (!existsSync(join(options.dataDir, 'PG_VERSION')))
    await createCluster({ ...options, initdb: binaries.initdb, user });
  const settings = { ...SETTINGS, ...(options.isDurable === false ? FAST : DURABLE), port: String(options.port) };
  const adminUrl = `postgres://${POSTGRES_ADMIN}:${encodeURIComponent(options.password)}@127.0.0.1:${options.port}/postgres`;
  return {
    program: {
      name: 'postgres',
      command: binaries.postgres,
      args: ['-D', options.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env: postgresEnvironment(),
      logFile: options.logFile,
      // The "fast" shutdown: ends connections, finishes what is committed.
      stopSignal: 'SIGINT',
      graceMs: 20_000,
      rank: POSTGRES_RANK,
      user,
    },
    adminUrl,
    isReady: () => canQuery(adminUrl),
  };
}

async function canQuery(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch (error) {
    // Waiting does not cure a wrong password.
    if (error instanceof pg.DatabaseError && error.code === '28P01') {
      throw new BlocklistError('CONFIGURATION', 'the embedded Postgres refuses the password kept beside its data', {
        cause: error,
      });
    }
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
