// The embedded stack: brings its parts up in order, keeps them up, and takes them down in reverse.
import { join, resolve } from 'node:path';
import { BlocklistError } from '../domain/errors.js';
import { postgresDataFolder } from './data-place.js';
import { projectCacheFolder } from './folders.js';
import { ensureOwnedDatabase } from './postgres-databases.js';
import { preparePostgres } from './postgres.js';
import type { ReservedPort } from './ports.js';
import { type Secrets, secretsOf } from './secrets.js';
import { StackLifetime } from './stack-lifetime.js';
import type { StackParts } from './stack-parts.js';
import { reserveStackPorts, type StackPorts } from './stack-ports.js';
import { migration, productCommands, services, type StackCommands, stackEnvironment } from './stack-services.js';
import { endLeftOvers, type PartStatus } from './stack-state.js';
import { prepareTemporal } from './temporal.js';
import { findTemporalCli } from './temporal-cli.js';

const DATABASE = 'blocklist';

export interface StackOptions {
  /** Holds data, keys and logs; default: the project's cache folder. */
  readonly cacheDir?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly commands?: StackCommands;
  /** Is told what happens to the parts; default: a line on stderr. */
  readonly report?: (line: string) => void;
  /** Stop in good order on Ctrl-C and SIGTERM, at once on the second one. Default true. */
  readonly handlesSignals?: boolean;
}

export interface Stack {
  readonly gatewayUrl: string;
  readonly sandboxUrl: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Absent when the Temporal server is not ours. */
  readonly temporalUiUrl?: string;
  readonly apiKey: string;
  /** What a process needs to work with this stack. */
  readonly environment: NodeJS.ProcessEnv;
  /** The parts that run now. */
  parts(): readonly PartStatus[];
  /** Worker, gateway, sandbox, Temporal, Postgres: each gets time to finish. */
  stop(): Promise<void>;
  /** Returns when the stack has been stopped, by `stop` or by a signal. */
  wait(): Promise<void>;
}

/** Returns when everything serves. One stack per cache folder: a second start throws, and names the first. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const env = options.env ?? process.env;
  const settings: StackSettings = {
    env,
    cacheDir: resolve(options.cacheDir ?? projectCacheFolder(env)),
    report: options.report ?? ((line) => console.error(line)),
    commands: options.commands ?? productCommands(),
  };
  const lifetime = new StackLifetime({ ...settings, handlesSignals: options.handlesSignals ?? true });
  // Ctrl-C has to work also while something long, such as a download, is under way.
  const interrupted = lifetime.wait().then(refuseToServe);
  try {
    return await Promise.race([bringUp(lifetime, settings), interrupted]);
  } catch (error) {
    // A part that was told to stop while it started is no failure of its own.
    const wasInterrupted = lifetime.isStopping;
    await lifetime.stop();
    if (wasInterrupted) refuseToServe();
    throw error;
  }
}

function refuseToServe(): never {
  throw new BlocklistError('CONFLICT', 'the stack was stopped before it served');
}

async function bringUp(lifetime: StackLifetime, { env, cacheDir, report, commands }: StackSettings): Promise<Stack> {
  const { parts } = lifetime;
  await endLeftOvers(cacheDir);
  const secrets = secretsOf(cacheDir, env);
  const ports = await reserveStackPorts(env);
  try {
    const published = publicAddresses(ports, env);
    lifetime.publish(published);
    const [databaseUrl] = await Promise.all([
      env['BLOCKLIST_DATABASE_URL'] || startPostgres(parts, cacheDir, secrets, ports, report),
      env['TEMPORAL_ADDRESS'] ? undefined : startTemporal(parts, cacheDir, ports, { env, report }),
    ]);
    const environment = stackEnvironment(env, cacheDir, secrets, { ...published, databaseUrl });
    const settings = { commands, environment, logsFolder: logsIn(cacheDir) };
    await parts.run(migration(settings));
    for (const service of services(settings, ports)) await parts.start(service);
    return {
      ...published,
      databaseUrl,
      apiKey: secrets.apiKey,
      environment,
      parts: () => parts.running().map(({ name, pid, port }) => ({ name, pid, port })),
      stop: () => lifetime.stop(),
      wait: () => lifetime.wait(),
    };
  } finally {
    // Those of parts that are not ours, or that were never reached.
    for (const port of Object.values(ports) as ReservedPort[]) await port.release();
  }
}

interface StackSettings {
  readonly env: NodeJS.ProcessEnv;
  readonly cacheDir: string;
  readonly report: (line: string) => void;
  readonly commands: StackCommands;
}

interface PublicAddresses {
  readonly gatewayUrl: string;
  readonly sandboxUrl: string;
  readonly temporalAddress: string;
  readonly temporalUiUrl?: string;
}

function publicAddresses(ports: StackPorts, env: NodeJS.ProcessEnv): PublicAddresses {
  const own = {
    gatewayUrl: `http://127.0.0.1:${ports.gateway.port}`,
    sandboxUrl: `http://127.0.0.1:${ports.sandbox.port}`,
  };
  const temporalAddress = env['TEMPORAL_ADDRESS'];
  if (temporalAddress) return { ...own, temporalAddress };
  const temporalUiUrl = `http://127.0.0.1:${ports.temporalUi.port}`;
  return { ...own, temporalAddress: `127.0.0.1:${ports.temporal.port}`, temporalUiUrl };
}

async function startPostgres(
  parts: StackParts,
  cacheDir: string,
  secrets: Secrets,
  ports: StackPorts,
  report: (line: string) => void,
): Promise<string> {
  const dataDir = postgresDataFolder(cacheDir, secrets.id);
  if (!dataDir.startsWith(cacheDir)) report(`postgres: its user cannot enter ${cacheDir}, the data is in ${dataDir}`);
  const { program, adminUrl, isReady } = await preparePostgres({
    guard: parts.guard,
    dataDir,
    password: secrets.postgresPassword,
    port: ports.postgres.port,
    logFile: join(logsIn(cacheDir), 'postgres.log'),
  });
  await parts.start({ program, port: ports.postgres, isReady });
  return await ensureOwnedDatabase(adminUrl, DATABASE, secrets.postgresPassword);
}

async function startTemporal(
  parts: StackParts,
  cacheDir: string,
  ports: StackPorts,
  search: { readonly env: NodeJS.ProcessEnv; readonly report: (line: string) => void },
): Promise<void> {
  const { program, isReady } = prepareTemporal({
    cli: await findTemporalCli(search),
    port: ports.temporal.port,
    uiPort: ports.temporalUi.port,
    databaseFile: join(cacheDir, 'temporal', 'temporal.db'),
    codecUrl: `http://127.0.0.1:${ports.gateway.port}/codec`,
    logFile: join(logsIn(cacheDir), 'temporal.log'),
  });
  await ports.temporalUi.release();
  await parts.start({ program, port: ports.temporal, isReady });
}

function logsIn(cacheDir: string): string {
  return join(cacheDir, 'logs');
}
