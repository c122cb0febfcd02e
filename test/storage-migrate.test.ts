// Bringing a database up to date, and refusing what does not fit.
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { migrate, readMigrations } from '../src/storage/migrate.js';
import { openStorage } from '../src/storage/storage.js';
import { TEST_HASH_KEY } from './race/world.js';
import { createTestDatabase, type TestDatabase } from './support/servers.js';

const databases: TestDatabase[] = [];
const database = async (options: { migrated?: boolean } = {}): Promise<string> => {
  const made = await createTestDatabase(options);
  databases.push(made);
  return made.url;
};

afterEach(async () => {
  await Promise.all(databases.splice(0).map((made) => made.drop()));
});

const open = async (databaseUrl: string, hashKey = TEST_HASH_KEY): Promise<void> => {
  const storage = await openStorage({ databaseUrl, hashKey, connections: 2 });
  await storage.close();
};

test('Twenty processes that migrate at once all succeed, and each migration is applied once', async () => {
  const url = await database();
  const results = await Promise.all(Array.from({ length: 20 }, () => migrate(url)));
  const known = await readMigrations();
  expect(results.flatMap(({ applied }) => applied).sort()).toEqual(known.map(({ name }) => name));
  expect(new Set(results.map(({ version }) => version))).toEqual(new Set([known.at(-1)?.number]));
  await open(url);
});

test('A migration that was edited after it had been applied is refused', async () => {
  const url = await database({ migrated: true });
  const edited = (await readMigrations()).map((migration) =>
    migration.number === 2 ? { ...migration, sql: `${migration.sql}\nselect 1;`, hash: 'edited' } : migration,
  );
  await expect(migrate(url, edited)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
});

test('An older program refuses a newer schema that breaks it, and runs on one that does not', async () => {
  const known = await readMigrations();
  const next = { number: known.length + 1, name: '9999_next', sql: 'create table next (id integer)', hash: 'next' };
  const compatible = await database();
  await migrate(compatible, [...known, { ...next, breaking: false }]);
  await migrate(compatible);
  await open(compatible);
  const breaking = await database();
  await migrate(breaking, [...known, { ...next, breaking: true }]);
  await expect(migrate(breaking)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  await expect(open(breaking)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
});

test('A program refuses a schema that is older than itself, or missing', async () => {
  await expect(open(await database())).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
  const url = await database();
  await migrate(url, (await readMigrations()).slice(0, -1));
  await expect(open(url)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
});

test('A migration that fails leaves nothing behind, and the next attempt goes on from there', async () => {
  const url = await database();
  const known = await readMigrations();
  const sql = 'create table half (id integer); select 1 / 0';
  const failing = { number: known.length + 1, name: '9999_failing', sql, hash: 'x', breaking: false };
  await expect(migrate(url, [...known, failing])).rejects.toThrow('SQLSTATE 22012');
  expect((await migrate(url)).applied).toEqual([]);
  await open(url);
});

test('A process with another hash key refuses to start', async () => {
  const url = await database({ migrated: true });
  await open(url);
  await expect(open(url, randomBytes(32))).rejects.toMatchObject({ code: 'KEY_MISMATCH', retryable: false });
  await open(url);
});

test('Of processes that start at once with different hash keys one key wins, for all of them', async () => {
  const url = await database({ migrated: true });
  const keys = Array.from({ length: 4 }, () => randomBytes(32));
  const opened = await Promise.allSettled([...keys, ...keys].map((key) => open(url, key)));
  expect(opened.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
});
