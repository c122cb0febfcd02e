// The environment, read once at the edge of a process. Names are those of the README's options table.
import { createHash, hkdfSync } from 'node:crypto';
import { BlocklistError } from './domain/errors.js';

export interface Config {
  readonly databaseUrl: string;
  /** Key of the destination hashes. */
  readonly hashKey: Buffer;
  /** Keys of opt-out links: the first signs, all of them verify. */
  readonly linkKeys: readonly Buffer[];
  /** Base of opt-out links, without a slash at the end. */
  readonly publicUrl: string;
  /** Undefined: any free port near 8080. */
  readonly port?: number;
  readonly sandboxUrl?: string;
  readonly webhookSecret?: string;
  readonly apiKey?: string;
  readonly metricsPort?: number;
  /** Origins of Temporal Web, beside those of this machine, that may ask for decoded payloads. */
  readonly codecOrigins: readonly string[];
  readonly limits: Limits;
  /** True: webhooks of keywords and subscriptions may lead to this machine and private networks. */
  readonly privateWebhooks: boolean;
  /** Days after which the text of a reply that was read is erased. */
  readonly retentionDays: number;
}

export interface Limits {
  /** Of one API key, at each gateway; 0: no limit. */
  readonly requestsPerSecond: number;
  /** True: the product's documented rates hold too, such as one request a second on the blocklist. */
  readonly documentedRates: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

export const DEFAULT_PORT = 8080;
/** Shorter secrets can be guessed; 16 bytes is what `openssl rand -hex 16` gives. */
const MIN_SECRET_LENGTH = 16;

/** More than one gateway process answers: it keeps one key from taking all of it, not more. */
const DEFAULT_REQUESTS_PER_SECOND = 2_000;
const DEFAULT_RETENTION_DAYS = 90;

/** @throws BlocklistError CONFIGURATION naming the variable and what it should be. */
export function readConfig(env: Environment = process.env): Config {
  const databaseUrl = required(env, 'BLOCKLIST_DATABASE_URL', 'a postgres:// URL');
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new BlocklistError('CONFIGURATION', 'BLOCKLIST_DATABASE_URL must be a postgres:// URL.');
  }
  const hashKey = secret(required(env, 'BLOCKLIST_HASH_KEY', `a secret of at least ${MIN_SECRET_LENGTH} characters`));
  const port = portOf(env, 'BLOCKLIST_PORT');
  const metricsPort = portOf(env, 'BLOCKLIST_METRICS_PORT');
  return {
    databaseUrl,
    hashKey,
    linkKeys: linkKeys(env['BLOCKLIST_LINK_KEY'], hashKey),
    publicUrl: (env['BLOCKLIST_PUBLIC_URL'] ?? `http://127.0.0.1:${port ?? DEFAULT_PORT}`).replace(/\/+$/, ''),
    codecOrigins: originsOf(env, 'BLOCKLIST_CODEC_ORIGINS'),
    limits: limitsOf(env),
    privateWebhooks: isOn(env, 'BLOCKLIST_PRIVATE_WEBHOOKS'),
    retentionDays: retentionOf(env),
    ...(port === undefined ? {} : { port }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...optional('sandboxUrl', env['BLOCKLIST_SANDBOX_URL']),
    ...optional('webhookSecret', env['BLOCKLIST_WEBHOOK_SECRET']),
    ...optional('apiKey', env['BLOCKLIST_API_KEY']),
  };
}

function required(env: Environment, name: string, what: string): string {
  const value = env[name];
  if (value === undefined || value === '') {
    throw new BlocklistError('CONFIGURATION', `${name} is not set. Set it to ${what}.`);
  }
  return value;
}

function secret(text: string): Buffer {
  if (text.length < MIN_SECRET_LENGTH) {
    throw new BlocklistError('CONFIGURATION', `A secret is shorter than ${MIN_SECRET_LENGTH} characters.`);
  }
  return createHash('sha256').update(text).digest();
}

function linkKeys(text: string | undefined, hashKey: Buffer): readonly Buffer[] {
  if (text === undefined || text === '') {
    return [Buffer.from(hkdfSync('sha256', hashKey, '', 'temporal-blocklist opt-out link', 32))];
  }
  return text.split(',').map((part) => secret(part.trim()));
}

function portOf(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new BlocklistError('CONFIGURATION', `${name} must be a port number from 0 to 65535.`);
  }
  return port;
}

/** As browsers send them: scheme, host and port, no path. */
function originsOf(env: Environment, name: string): readonly string[] {
  const origins = (env[name] ?? '').split(',').map((part) => part.trim());
  return origins
    .filter((part) => part !== '')
    .map((part) => {
      if (URL.canParse(part) && /^https?:/.test(part) && part.replace(/\/$/, '') === new URL(part).origin) {
        return new URL(part).origin;
      }
      throw new BlocklistError(
        'CONFIGURATION',
        `${name} must list origins such as https://temporal.example.com, parted by commas.`,
      );
    });
}

function limitsOf(env: Environment): Limits {
  const rate = env['BLOCKLIST_REQUESTS_PER_SECOND'] || String(DEFAULT_REQUESTS_PER_SECOND);
  if (!/^\d{1,6}$/.test(rate)) {
    throw new BlocklistError('CONFIGURATION', 'BLOCKLIST_REQUESTS_PER_SECOND must be a whole number; 0 is no limit.');
  }
  return { requestsPerSecond: Number(rate), documentedRates: isOn(env, 'BLOCKLIST_DOCUMENTED_RATES') };
}

function isOn(env: Environment, name: string): boolean {
  const text = env[name] || 'off';
  if (text !== 'on' && text !== 'off') throw new BlocklistError('CONFIGURATION', `${name} must be on or off.`);
  return text === 'on';
}

function retentionOf(env: Environment): number {
  const days = env['BLOCKLIST_RETENTION_DAYS'] || String(DEFAULT_RETENTION_DAYS);
  if (!/^[1-9]\d{0,3}$/.test(days)) {
    throw new BlocklistError(
      'CONFIGURATION',
      'BLOCKLIST_RETENTION_DAYS must be a whole number of days from 1 to 9999.',
    );
  }
  return Number(days);
}

function optional<Name extends string>(name: Name, value: string | undefined): { [K in Name]?: string } {
  return (value === undefined || value === '' ? {} : { [name]: value }) as { [K in Name]?: string };
}
