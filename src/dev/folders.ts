// Where the embedded stack keeps things: data per checkout, downloads per user, and what another user must reach.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PosixUser } from './program.js';

const NAME = 'temporal-blocklist';
/** Root's place for what an unprivileged user must reach. */
const SHARED_FOLDER = join('/var/lib', NAME);

/** The folder with package.json, both from the sources and from `dist`. */
export function packageFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The data of one project: `.cache` of a checkout; for an installed package a folder of the user, one per working directory. */
export function projectCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const chosen = env['BLOCKLIST_CACHE_DIR'];
  if (chosen) return resolve(chosen);
  const root = packageFolder();
  if (!root.split(sep).includes('node_modules')) return join(root, '.cache');
  const home = env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
  return join(home, NAME, shortHash(process.cwd()));
}

/** Downloads, shared by every project of the user. */
export function userCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), NAME);
}

/** Where programs go that `user` has to run but cannot reach where npm put them. */
export function sharedFolder(user: PosixUser | undefined): string {
  return user === undefined ? userCacheFolder() : SHARED_FOLDER;
}

/** The place outside of the project for data that belongs to `folder`. */
export function sharedFolderFor(folder: string): string {
  return join(SHARED_FOLDER, shortHash(folder));
}

/** Asked of the system as that user: modes, owners, access lists and mounts all count. */
export function canEnter(folder: string, user: PosixUser | undefined): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { cwd: '/', stdio: 'ignore', ...user }).status === 0;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
