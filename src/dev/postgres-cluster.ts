// The files of a Postgres cluster: made on first use, freed from a server that was left behind.
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Guard } from './guard.js';
import { commandLine, hasProcess, processStart } from './process-liveness.mjs';
import { type PosixUser, runToEnd } from './program.js';
import { until } from './readiness.js';

export const POSTGRES_ADMIN = 'postgres';
/** Stopped last: everything else uses it. */
export const POSTGRES_RANK = 1;

const STOP_LIMIT_MS = 10_000;
const UNREAPED_MS = 5_000;

export interface ClusterOptions {
  readonly dataDir: string;
  readonly password: string;
  readonly logFile: string;
  readonly isDurable?: boolean;
  readonly guard: Guard;
  /** Path of the program. */
  readonly initdb: string;
  /** The account it has to run as, where it is not ours. */
  readonly user: PosixUser | undefined;
}

/** Creates the cluster, reachable with a password from this machine alone. */
export async function createCluster(options: ClusterOptions): Promise<void> {
  const { dataDir, user } = options;
  mkdirSync(dirname(dataDir), { recursive: true });
  // Made beside its place and moved there when complete: a start that is cut short leaves no half cluster, only this.
  const unfinished = `${dataDir}.unfinished`;
  const passwordFile = `${dataDir}.password`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  // The password never becomes an argument: those are visible to everyone on the machine.
  rmSync(passwordFile, { force: true });
  writeFileSync(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (user !== undefined) for (const path of [unfinished, passwordFile]) chownSync(path, user.uid, user.gid);
  const flags = [
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--lc-messages=C',
  ];
  try {
    await runToEnd(
      {
        name: 'initdb',
        command: options.initdb,
        args: [
          `--pgdata=${unfinished}`,
          `--username=${POSTGRES_ADMIN}`,
          `--pwfile=${passwordFile}`,
          ...flags,
          ...(options.isDurable === false ? ['--no-sync'] : []),
        ],
        env: postgresEnvironment(),
        logFile: options.logFile,
        stopSignal: 'SIGTERM',
        graceMs: 5_000,
        rank: POSTGRES_RANK,
        user,
      },
      options.guard,
    );
    renameSync(unfinished, dataDir);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Ends a server that a killed supervisor may have left on the data. */
export async function endLeftOver(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  const pid = Number(readOrEmpty(pidFile).split('\n')[0]);
  if (!pid) return;
  // The pid may belong to someone else by now; only a process that names this folder is the old server.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (commandLine(pid).includes(dataDir)) process.kill(pid, signal);
    await until(() => !commandLine(pid).includes(dataDir), STOP_LIMIT_MS);
  }
  // Postgres takes a dead process that nobody reaps for a live one. By now its children have seen that it is gone.
  await until(() => !existsSync(pidFile) || !hasProcess(pid), UNREAPED_MS);
  if (hasProcess(pid) && processStart(pid) === undefined) rmSync(pidFile, { force: true });
}

/** Nothing of ours: PG* variables of the user would change what the server does. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
