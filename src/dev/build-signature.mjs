// Tells whether `dist` was built from the sources as they are now: names, sizes and times, so that a deleted or renamed file counts too.
import { createHash } from 'crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'fs';
import { join } from 'path';

export const SOURCE_FOLDERS = ['src', 'workflows', 'activities', 'test'];
export const STAMP_FILE = '.built';
const SINGLE_FILES = ['tsconfig.json', 'package.json'];

/** Every source file, relative to the root, in a fixed order. */
export function sourceFiles(root) {
  const files = SINGLE_FILES.filter((name) => existsSync(join(root, name)));
  for (const folder of SOURCE_FOLDERS) if (existsSync(join(root, folder))) collect(root, folder, files);
  return files.sort();
}

export function sourceSignature(root) {
  const hash = createHash('sha256');
  for (const file of sourceFiles(root)) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

export function isBuilt(root) {
  const stamp = join(root, 'dist', STAMP_FILE);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceSignature(root);
}

function collect(root, folder, files) {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) collect(root, path, files);
    else files.push(path);
  }
}
