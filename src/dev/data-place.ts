// Where the database files of a project lie: in its cache folder, or outside where the user who runs Postgres cannot get there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canEnter, sharedFolderFor } from './folders.js';
import { postgresUser } from './postgres-user.js';

/** The data folder for Postgres. `id` tells data of this cache folder from that of an earlier one with the same path. */
export function postgresDataFolder(cacheDir: string, id: string): string {
  const user = postgresUser();
  const local = join(cacheDir, 'postgres');
  const outside = sharedFolderFor(cacheDir);
  if (user === undefined) return join(local, 'data');

  if (existsSync(outside) && readOrEmpty(join(outside, 'id')) !== id) rmSync(outside, { recursive: true, force: true });
  if (existsSync(join(outside, 'data'))) return join(outside, 'data');
  mkdirSync(local, { recursive: true });
  if (canEnter(local, user)) return join(local, 'data');

  mkdirSync(outside, { recursive: true, mode: 0o755 });
  writeFileSync(join(outside, 'id'), id);
  // A folder on the way was closed after the first start: the data moves out.
  if (existsSync(join(local, 'data'))) move(join(local, 'data'), join(outside, 'data'));
  return join(outside, 'data');
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Between file systems; `cp -a` keeps the owner, which Node's copy does not.
    const { status } = spawnSync('cp', ['-a', from, `${to}.copy`], { stdio: 'inherit' });
    if (status !== 0) throw error;
    renameSync(`${to}.copy`, to);
    rmSync(from, { recursive: true, force: true });
  }
}

function readOrEmpty(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
