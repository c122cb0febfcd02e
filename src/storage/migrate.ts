// Numbered migrations, forward only. Any number of processes may run this at once.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';
import { BlocklistError } from '../domain/errors.js';
import { asBlocklistError } from './database.js';

/** One advisory lock for all migrating processes of a database; the number has no meaning. */
const MIGRATION_LOCK = 7_315_209_441;
const DIRECTORY = new URL('./migrations/', import.meta.url);

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  readonly hash: string;
  /** First line `--! breaking`: programs that do not know it must not run on the schema. */
  readonly breaking: boolean;
}

export interface MigrationResult {
  readonly applied: readonly string[];
  readonly version: number;
}

/** The migrations this program brings, in order. */
export async function readMigrations(directory: URL = DIRECTORY): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{4}_[a-z_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, directory), 'utf8');
      return {
        number: Number(name.slice(0, 4)),
        name: name.replace(/\.sql$/, ''),
        sql,
        hash: createHash('sha256').update(sql.replaceAll('\r\n', '\n')).digest('hex'),
        breaking: sql.startsWith('--! breaking'),
      };
    }),
  );
}

/**
 * Bring the database up to this program's schema.
 * @throws BlocklistError SCHEMA_MISMATCH if an applied migration was edited, or the schema is newer and breaking.
 */
export async function migrate(databaseUrl: string, migrations?: readonly Migration[]): Promise<MigrationResult> {
  const known = migrations ?? (await readMigrations());
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await client.query(`create table if not exists schema_migrations (
      number integer primary key,
      name text not null,
      hash text not null,
      breaking boolean not null,
      applied_at timestamptz not null default now()
    )`);
    const applied = await appliedMigrations(client);
    assertCompatible(known, applied);
    const done: string[] = [];
    for (const migration of known.filter((m) => !applied.some((a) => a.number === m.number))) {
      await client.query('begin');
      await client.query(migration.sql);
      await client.query('insert into schema_migrations (number, name, hash, breaking) values ($1, $2, $3, $4)', [
        migration.number,
        migration.name,
        migration.hash,
        migration.breaking,
      ]);
      await client.query('commit');
      done.push(migration.name);
    }
    return { applied: done, version: Math.max(0, ...known.map((m) => m.number), ...applied.map((a) => a.number)) };
  } catch (error) {
    throw asBlocklistError(error);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Refuse to work on a schema this program does not fit: run before anything else by every process. */
export async function assertSchema(
  db: { query: (text: string) => Promise<{ rows: unknown[] }> },
  migrations?: readonly Migration[],
): Promise<void> {
  const known = migrations ?? (await readMigrations());
  const exists = await db.query("select to_regclass('schema_migrations') as name");
  if ((exists.rows[0] as { name: string | null }).name === null) {
    throw new BlocklistError('SCHEMA_MISMATCH', 'The database has no schema yet. Run `blocklist migrate` first.');
  }
  const applied = await appliedMigrations(db);
  assertCompatible(known, applied);
  const missing = known.filter((m) => !applied.some((a) => a.number === m.number));
  if (missing.length > 0) {
    throw new BlocklistError(
      'SCHEMA_MISMATCH',
      `The schema is older than this program (missing ${missing.map((m) => m.name).join(', ')}). Run \`blocklist migrate\`.`,
    );
  }
}

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly hash: string;
  readonly breaking: boolean;
}

async function appliedMigrations(db: { query: (text: string) => Promise<{ rows: unknown[] }> }): Promise<Applied[]> {
  const result = await db.query('select number, name, hash, breaking from schema_migrations order by number');
  return result.rows as Applied[];
}

function assertCompatible(known: readonly Migration[], applied: readonly Applied[]): void {
  for (const row of applied) {
    const migration = known.find((m) => m.number === row.number);
    if (migration === undefined) {
      if (row.breaking) {
        throw new BlocklistError(
          'SCHEMA_MISMATCH',
          `The schema is newer than this program and not compatible (${row.name}). Install the newer program.`,
        );
      }
    } else if (migration.hash !== row.hash) {
      throw new BlocklistError(
        'SCHEMA_MISMATCH',
        `Migration ${row.name} was edited after it had been applied. Restore it and write a new migration instead.`,
      );
    }
  }
}
