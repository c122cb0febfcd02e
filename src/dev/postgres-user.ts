// Postgres refuses to run as root: then it runs as a user of its own.
import { execFileSync } from 'node:child_process';
import { BlocklistError } from '../domain/errors.js';
import type { PosixUser } from './program.js';

const USER = 'postgres';

/** The account Postgres has to run as; undefined when it can simply run as ours. */
export function postgresUser(): PosixUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  return lookUp(USER) ?? create();
}

function create(): PosixUser {
  let cause: unknown;
  try {
    run('groupadd', '--system', USER);
    run(
      'useradd',
      '--system',
      '--gid',
      USER,
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/bin/false',
      USER,
    );
  } catch (error) {
    // Another start may have been faster, so look before giving up.
    cause = error;
  }
  const user = lookUp(USER);
  if (user !== undefined) return user;
  throw new BlocklistError(
    'CONFIGURATION',
    `Postgres cannot run as root and the user "${USER}" could not be created; create it (useradd ${USER}), ` +
      'or start as an ordinary user, or set BLOCKLIST_DATABASE_URL to a database of yours',
    { cause },
  );
}

function lookUp(name: string): PosixUser | undefined {
  try {
    return { uid: Number(run('id', '-u', name)), gid: Number(run('id', '-g', name)) };
  } catch {
    return undefined;
  }
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
