// Our own processes in the stack, and what each is told by its environment.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from './folders.js';
import type { Program } from './program.js';
import { answersOk } from './readiness.js';
import type { Secrets } from './secrets.js';
import type { PartStart } from './stack-parts.js';
import type { StackPorts } from './stack-ports.js';

export type ServiceName = 'sandbox' | 'gateway' | 'worker';

/** What Node is to run for each; tests put small stand-ins here. */
export interface StackCommands {
  readonly migrate: readonly string[];
  service(name: ServiceName): readonly string[];
}

export interface ServiceSettings {
  readonly commands: StackCommands;
  readonly environment: NodeJS.ProcessEnv;
  readonly logsFolder: string;
}

export function productCommands(): StackCommands {
  const main = join(packageFolder(), 'dist', 'src', 'cli', 'main.js');
  // On one's own machine replies may come in without a secret; an installation has to have one.
  const flags = (name: ServiceName): readonly string[] => (name === 'gateway' ? ['--allow-loopback-webhooks'] : []);
  return { migrate: [main, 'migrate'], service: (name) => [main, name, ...flags(name)] };
}

export function migration({ commands, environment, logsFolder }: ServiceSettings): Program {
  const logFile = join(logsFolder, 'migrate.log');
  const stop = { stopSignal: 'SIGTERM', graceMs: 10_000, rank: 6 } as const;
  return { name: 'migrate', command: process.execPath, args: commands.migrate, env: environment, logFile, ...stop };
}

/** In the order they are started: what the next one needs to become ready is there before it. */
export function services(settings: ServiceSettings, ports: StackPorts): PartStart[] {
  const { commands, environment, logsFolder } = settings;
  // Ranks: the worker stops first, since it uses all the others; Temporal has 2 and Postgres 1.
  const plans = [
    {
      name: 'sandbox',
      port: ports.sandbox,
      variable: 'BLOCKLIST_SANDBOX_PORT',
      readyPath: '/healthz',
      graceMs: 5_000,
      rank: 3,
    },
    {
      name: 'gateway',
      port: ports.gateway,
      variable: 'BLOCKLIST_PORT',
      readyPath: '/readyz',
      graceMs: 15_000,
      rank: 4,
    },
    {
      name: 'worker',
      port: ports.metrics,
      variable: 'BLOCKLIST_METRICS_PORT',
      readyPath: '/readyz',
      graceMs: 30_000,
      rank: 5,
    },
  ] as const;
  return plans.map(({ name, port, variable, readyPath, graceMs, rank }) => ({
    port,
    program: {
      name,
      command: process.execPath,
      args: commands.service(name),
      env: { ...environment, [variable]: String(port.port) },
      logFile: join(logsFolder, `${name}.log`),
      stopSignal: 'SIGTERM',
      graceMs,
      rank,
    },
    isReady: () => answersOk(`http://127.0.0.1:${port.port}${readyPath}`),
  }));
}

/** What every service is told. The user's own variables stay, but none that would lead away from the embedded servers. */
export function stackEnvironment(
  base: NodeJS.ProcessEnv,
  cacheDir: string,
  secrets: Secrets,
  addresses: { readonly [name in 'gatewayUrl' | 'sandboxUrl' | 'databaseUrl' | 'temporalAddress']: string },
): NodeJS.ProcessEnv {
  return {
    ...(base['TEMPORAL_ADDRESS'] ? base : withoutTemporal(base, cacheDir)),
    BLOCKLIST_CACHE_DIR: cacheDir,
    BLOCKLIST_DATABASE_URL: addresses.databaseUrl,
    TEMPORAL_ADDRESS: addresses.temporalAddress,
    BLOCKLIST_HASH_KEY: secrets.hashKey,
    BLOCKLIST_CODEC_KEY: secrets.codecKey,
    BLOCKLIST_LINK_KEY: secrets.linkKey,
    BLOCKLIST_API_KEY: secrets.apiKey,
    // The first is printed in messages and may lead through a proxy; the second is where the sandbox delivers replies.
    BLOCKLIST_PUBLIC_URL: base['BLOCKLIST_PUBLIC_URL'] || addresses.gatewayUrl,
    BLOCKLIST_GATEWAY_URL: addresses.gatewayUrl,
    BLOCKLIST_SANDBOX_URL: addresses.sandboxUrl,
    // Whoever tries it out has his receiver on the same machine.
    BLOCKLIST_PRIVATE_WEBHOOKS: base['BLOCKLIST_PRIVATE_WEBHOOKS'] || 'on',
    BLOCKLIST_SANDBOX_LOG: join(cacheDir, 'sandbox', 'messages.jsonl'),
  };
}

/** A profile, key or certificate of the user's real cluster does not fit the embedded server. */
function withoutTemporal(env: NodeJS.ProcessEnv, cacheDir: string): NodeJS.ProcessEnv {
  const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  const file = join(cacheDir, 'temporal.toml');
  writeFileSync(file, '[profile.default]\n');
  return { ...Object.fromEntries(others), TEMPORAL_CONFIG_FILE: file, TEMPORAL_NAMESPACE: 'default' };
}
