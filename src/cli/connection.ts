// How a command finds the database and Temporal: by the environment, or else by the stack that `npm start` runs here.
import { runningStack, type StackState } from '../dev/stack-state.js';
import { projectCacheFolder } from '../dev/folders.js';
import { secretsOf } from '../dev/secrets.js';
import { stackEnvironment } from '../dev/stack-services.js';
import { readConfig, type Config } from '../config.js';
import { BlocklistError } from '../domain/errors.js';

export interface ConnectionSettings {
  readonly config: Config;
  /** What Temporal's own configuration and the codec are read from. */
  readonly environment: NodeJS.ProcessEnv;
}

/** The name of both the database and its owner, as the stack makes them. */
const EMBEDDED_DATABASE = 'blocklist';

/** @throws BlocklistError CONFIGURATION saying what to set, or to start. */
export async function connectionSettings(env: NodeJS.ProcessEnv = process.env): Promise<ConnectionSettings> {
  // Half of a configuration is a mistake to point out, not a reason to work on another database.
  if (env['BLOCKLIST_DATABASE_URL'] || env['BLOCKLIST_HASH_KEY']) return { config: readConfig(env), environment: env };
  const environment = embeddedEnvironment(env);
  // Temporal's client reads its settings from the environment of the process.
  Object.assign(process.env, environment);
  return { config: readConfig(environment), environment };
}

/** What every process of the stack that runs here is told. @throws BlocklistError CONFIGURATION if there is none. */
export function embeddedEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const cacheDir = projectCacheFolder(env);
  const stack = runningStack(cacheDir);
  if (stack === undefined) {
    throw new BlocklistError(
      'CONFIGURATION',
      'No database is configured, and no stack runs here. Set BLOCKLIST_DATABASE_URL and BLOCKLIST_HASH_KEY, or run `npm start`.',
    );
  }
  const secrets = secretsOf(cacheDir, env);
  const databaseUrl = env['BLOCKLIST_DATABASE_URL'] || databaseUrlOf(stack, secrets.postgresPassword);
  return stackEnvironment(env, cacheDir, secrets, { ...stack.addresses, databaseUrl });
}

function databaseUrlOf(stack: StackState, password: string): string {
  const postgres = stack.parts.find((part) => part.name === 'postgres');
  if (postgres === undefined) {
    throw new BlocklistError(
      'CONFIGURATION',
      'The running stack has no database of its own. Set BLOCKLIST_DATABASE_URL and BLOCKLIST_HASH_KEY as for the stack.',
    );
  }
  const url = new URL(`postgres://127.0.0.1:${postgres.port}/${EMBEDDED_DATABASE}`);
  url.username = EMBEDDED_DATABASE;
  url.password = password;
  return url.toString();
}
