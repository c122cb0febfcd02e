// Every row of every table as text: what a dump of the database holds.
import type { Queryable } from '../../src/storage/database.js';

export async function databaseDump(db: Queryable): Promise<string> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'`,
  );
  const texts: string[] = [];
  for (const { name } of tables.rows) {
    const rows = await db.query<{ text: string }>(`select t::text as text from ${name} t`);
    texts.push(...rows.rows.map((row) => row.text));
  }
  return texts.join('\n');
}
