// What a test file asks the run's servers for. The servers start with the first question.
import { inject } from 'vitest';
import { dropDatabase } from '../../src/dev/postgres-databases.js';

export interface TestDatabase {
  readonly url: string;
  /** Ends what is still connected and removes the database. */
  drop(): Promise<void>;
}

export interface TestTemporal {
  readonly address: string;
  /** A namespace of this caller alone, with the search attributes of the product. */
  readonly namespace: string;
}

/** A fresh database, empty or with every migration applied. */
export async function createTestDatabase(options: { readonly migrated?: boolean } = {}): Promise<TestDatabase> {
  const { url } = await ask<{ url: string }>(options.migrated === true ? '/migrated-database' : '/database');
  return { url, drop: async () => dropDatabase(await postgresAdminUrl(), url) };
}

/** A fresh namespace on the run's Temporal server. */
export function getTemporal(): Promise<TestTemporal> {
  return ask('/namespace');
}

/** The run's Postgres as its administrator. Shared with every other test file: do not stop it. */
export async function postgresAdminUrl(): Promise<string> {
  return (await ask<{ adminUrl: string }>('/postgres')).adminUrl;
}

async function ask<Answer>(path: string): Promise<Answer> {
  const response = await fetch(`${inject('testServers')}${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as Answer;
}
