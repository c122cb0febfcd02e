// Servers for tests and benchmarks: started on first use, in temporary folders that vanish with them, also when we are killed.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canEnter, sharedFolder } from './folders.js';
import { Guard } from './guard.js';
import { freePort } from './ports.js';
import { preparePostgres } from './postgres.js';
import { postgresUser } from './postgres-user.js';
import { type Program, RunningProgram } from './program.js';
import { untilReady } from './readiness.js';
import { prepareTemporal } from './temporal.js';
import { findTemporalCli } from './temporal-cli.js';

export interface ScratchServer {
  /** Asks it to end in good order; returns how it ended, such as `exit status 0`. */
  stop(): Promise<string>;
  /** Ends it without a chance to tidy up, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  readonly pid: number;
}

export interface ScratchPostgres extends ScratchServer {
  readonly adminUrl: string;
}

export interface ScratchTemporal extends ScratchServer {
  readonly address: string;
  readonly uiUrl: string;
}

const PORT_TRIES = 3;

/** A port that was free may be taken before the server listens on it: then another one. */
async function onFreePorts<T>(start: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      if (tries === PORT_TRIES || !(error instanceof Error) || !error.message.includes('ddress already in use'))
        throw error;
    }
  }
}

export class ScratchServers {
  readonly #guard = new Guard();
  readonly #folders: string[] = [];
  readonly #running = new Set<() => Promise<unknown>>();

  /** Fast and not durable unless asked: a killed server loses nothing, a machine that stops may. */
  async startPostgres(options: { readonly isDurable?: boolean } = {}): Promise<ScratchPostgres> {
    return onFreePorts(async () => {
      const folder = this.#makeFolder();
      const { program, adminUrl, isReady } = await preparePostgres({
        guard: this.#guard,
        dataDir: join(folder, 'data'),
        password: randomBytes(16).toString('hex'),
        port: await freePort(),
        logFile: join(folder, 'postgres.log'),
        isDurable: options.isDurable ?? false,
      });
      return Object.assign(await this.start(program, isReady), { adminUrl });
    });
  }

  /** Forgets everything when it ends, unless asked to keep it in a file. */
  async startTemporal(
    options: { readonly isDurable?: boolean; readonly extraArgs?: readonly string[] } = {},
  ): Promise<ScratchTemporal> {
    return onFreePorts(async () => {
      const folder = this.#makeFolder();
      const { program, address, uiUrl, isReady } = prepareTemporal({
        cli: await findTemporalCli(),
        port: await freePort(),
        uiPort: await freePort(),
        logFile: join(folder, 'temporal.log'),
        ...(options.extraArgs === undefined ? {} : { extraArgs: options.extraArgs }),
        ...(options.isDurable === true ? { databaseFile: join(folder, 'temporal.db') } : {}),
      });
      return Object.assign(await this.start(program, isReady), { address, uiUrl });
    });
  }

  async stop(): Promise<void> {
    // The last one started is the first one stopped.
    for (const stop of [...this.#running].reverse()) await stop();
    for (const folder of this.#folders) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      this.#guard.keep(folder);
    }
    await this.#guard.close();
  }

  /** Any other program beside them; resolves when it is ready. */
  async start(program: Program, isReady: () => Promise<boolean>): Promise<ScratchServer> {
    const start = async (): Promise<RunningProgram> => {
      const running = await RunningProgram.start(program, this.#guard);
      await untilReady(running, isReady);
      return running;
    };
    let current = await start();
    const stop = async (): Promise<string> => {
      await current.stop();
      return current.exited;
    };
    this.#running.add(stop);
    const server = {
      stop,
      kill: async () => {
        current.kill();
        await current.exited;
      },
      start: async () => {
        current = await start();
      },
    };
    return Object.defineProperty(server, 'pid', { get: () => current.pid, enumerable: true }) as ScratchServer;
  }

  #makeFolder(): string {
    const user = postgresUser();
    let base = tmpdir();
    if (!canEnter(base, user)) mkdirSync((base = sharedFolder(user)), { recursive: true, mode: 0o755 });
    const folder = mkdtempSync(join(base, 'temporal-blocklist-'));
    // Postgres may run as another user, who only has to get through to his own folder.
    if (user !== undefined) chmodSync(folder, 0o711);
    this.#guard.removeAtEnd(folder);
    this.#folders.push(folder);
    return folder;
  }
}
