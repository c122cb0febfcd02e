// Runs before `npm start`, `npm test` and `npm run bench`: installs and builds what is missing or out of date, silent when
// there is nothing to do. No dependencies, and no syntax that an old Node cannot parse: it has to be able to complain.
import { spawnSync } from 'child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const OLDEST_NODE = 20;
const LOCK_WAIT_MS = 15 * 60_000;
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const lock = join(root, '.cache', 'prepare.lock');

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  fail(
    `Node ${OLDEST_NODE} or newer is needed, this is ${process.version}. Get it from https://nodejs.org and try again.`,
  );
}
const { isBuilt } = await import('./build-signature.mjs');
if (!isReady()) {
  await withLock(() => {
    if (!isInstalled()) run('installing dependencies (npm ci)', ...npm('ci', '--no-audit', '--no-fund'));
    if (!isBuilt(root)) run('building', process.execPath, [join(root, 'src', 'dev', 'build.mjs')]);
  });
}

function isReady() {
  return isInstalled() && isBuilt(root);
}

/** npm writes its hidden lock file last, so an install that was cut short is seen; contents tell more than times do. */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' || entry.optional === true || (installed[path] && installed[path].version === entry.version),
  );
}

function npm(...args) {
  // npm names its own program file, which also works where `npm` is a script that only a shell can run.
  const program = process.env.npm_execpath;
  return program ? [process.execPath, [program, ...args]] : ['npm', args];
}

/** Progress goes to stderr: stdout belongs to the command that follows. */
function run(what, command, args) {
  console.error(`${what} ...`);
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) fail(`${what} could not be started: ${error.message}`);
  if (status !== 0) fail(`${what} failed (see above)`);
}

/** Two commands started together must not install into the same folder; the second waits and then finds the work done. */
async function withLock(work) {
  mkdirSync(dirname(lock), { recursive: true });
  const deadline = Date.now() + LOCK_WAIT_MS;
  while (!tryLock()) {
    if (Date.now() > deadline) fail(`another installation holds ${lock}; remove it if none is running`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    if (isReady()) return;
  }
  try {
    work();
  } finally {
    rmSync(lock, { force: true });
  }
}

function tryLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (isAbandoned()) rmSync(lock, { force: true });
  return false;
}

function isAbandoned() {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    // Empty means that its owner is just writing it, unless that was long ago.
    if (!pid) return Date.now() - statSync(lock).mtimeMs > 10_000;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function fail(message) {
  console.error(`temporal-blocklist: ${message}`);
  rmSync(lock, { force: true });
  process.exit(1);
}
