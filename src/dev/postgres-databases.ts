// Databases and their owners on an embedded Postgres.
import pg from 'pg';

/** Creates the database if it is missing, owned by a role of the same name that is no superuser; gives its address for that role. */
export async function ensureOwnedDatabase(adminUrl: string, name: string, password: string): Promise<string> {
  const identifier = pg.escapeIdentifier(name);
  await asAdmin(adminUrl, async (client) => {
    if (!(await exists(client, 'select from pg_roles where rolname = $1', name))) {
      await client.query(`create role ${identifier} login password ${pg.escapeLiteral(password)}`);
    }
    if (!(await exists(client, 'select from pg_database where datname = $1', name))) {
      await client.query(`create database ${identifier} owner ${identifier}`);
    }
  });
  const url = new URL(databaseUrl(adminUrl, name));
  url.username = name;
  url.password = password;
  return url.toString();
}

/** An empty database, or a copy of `template`. */
export async function createDatabase(adminUrl: string, name: string, template = 'template0'): Promise<string> {
  await asAdmin(adminUrl, (client) =>
    client.query(`create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`),
  );
  return databaseUrl(adminUrl, name);
}

/** Ends what is still connected to the database and removes it. */
export async function dropDatabase(adminUrl: string, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  await asAdmin(adminUrl, (client) =>
    client.query(`drop database if exists ${pg.escapeIdentifier(name)} with (force)`),
  );
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.toString();
}

async function exists(client: pg.Client, query: string, name: string): Promise<boolean> {
  return ((await client.query(query, [name])).rowCount ?? 0) > 0;
}

async function asAdmin(adminUrl: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
