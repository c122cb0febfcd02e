// Builds `dist`: TypeScript by tsc, every other source file (SQL, web assets, plain scripts) copied as it is, outputs whose
// source has gone removed. Plain JavaScript, since nothing is compiled when it runs.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { SOURCE_FOLDERS, STAMP_FILE, sourceFiles, sourceSignature } from './build-signature.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
/** Only needed to build, so they have no place in what is published. */
const BUILD_SCRIPTS = new Set(
  ['build.mjs', 'build-signature.mjs', 'prepare.mjs'].map((name) => join('src', 'dev', name)),
);

// Taken before compiling: a source edited meanwhile makes the next check build again.
const signature = sourceSignature(root);
const sources = sourceFiles(root).filter((file) => SOURCE_FOLDERS.some((folder) => file.startsWith(folder)));
const outputOf = (file) => file.replace(/\.ts$/, '.js');

rmSync(join(dist, STAMP_FILE), { force: true });
// tsc's incremental state believes its outputs are still there; forget it when one is not.
const compiled = sources.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
if (!compiled.every((file) => existsSync(join(dist, outputOf(file)))))
  rmSync(join(dist, '.tsbuildinfo'), { force: true });

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')], {
  cwd: root,
  stdio: 'inherit',
});

const wanted = new Set(compiled.map((file) => join(dist, outputOf(file))));
for (const file of sources) {
  if (file.endsWith('.ts') || BUILD_SCRIPTS.has(file) || !file.startsWith('src')) continue;
  const target = join(dist, file);
  wanted.add(target);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(root, file), target);
}
for (const folder of SOURCE_FOLDERS) if (existsSync(join(dist, folder))) removeStale(join(dist, folder));

if (status === 0) {
  // Workers start without bundling: a second or two, and no compiler in memory.
  const { writeReadyWorkflows } = await import(pathToFileURL(join(dist, 'src', 'plugin', 'ready-workflows.js')).href);
  await writeReadyWorkflows();
}

const cli = join(dist, 'src', 'cli', 'main.js');
if (existsSync(cli)) chmodSync(cli, 0o755);
if (status === 0) writeFileSync(join(dist, STAMP_FILE), signature);
else console.error('build: the compiler reported errors (above); nothing was marked as built');
process.exitCode = status ?? 1;

function removeStale(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) removeStale(path);
    else if (!wanted.has(path.replace(/(\.d\.ts|\.js\.map)$/, '.js'))) rmSync(path);
  }
  if (readdirSync(folder).length === 0 && relative(dist, folder) !== '') rmSync(folder, { recursive: true });
}
