// The gateway as a process part: puts it together, listens, and ends in good order.
import type { Client } from '@temporalio/client';
import type { DestinationStream, Logger } from 'pino';
import type { Config } from '../config.js';
import { BlocklistError } from '../domain/errors.js';
import { createMetrics } from '../metrics.js';
import { BlocklistCodec } from '../plugin/codec.js';
import type { CodecKey } from '../plugin/codec-keys.js';
import { openClient } from '../plugin/client-options.js';
import { codecKeysOf } from '../plugin/data-converter.js';
import { readBacklog } from '../storage/backlog.js';
import { prepareReading } from '../domain/replies/read-reply.js';
import { openStorage, type Storage } from '../storage/storage.js';
import { createAuthenticator } from './access/caller.js';
import { createApp } from './app.js';
import type { App } from './gateway-deps.js';
import { listen } from './listening.js';
import { createLogger } from './logging.js';
import { gatewayTemporal } from './temporal.js';

export interface GatewayOptions {
  /** The composition's own client; default: one from Temporal's environment, connected when it is first needed. */
  readonly client?: Client;
  /** Default: TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE. */
  readonly temporal?: { readonly address: string; readonly namespace?: string };
  /** As BLOCKLIST_CODEC_KEY, which is the default. */
  readonly codecKeys?: string | readonly CodecKey[];
  /** Take webhooks from this machine although no secret is configured. For `npm start` only. */
  readonly allowLoopbackWebhooks?: boolean;
  /** Default: every interface; this machine alone with `allowLoopbackWebhooks`. */
  readonly host?: string;
  readonly connections?: number;
  readonly log?: { readonly level?: string; readonly destination?: DestinationStream };
  /** True: SIGTERM and SIGINT drain and end the process. */
  readonly handleSignals?: boolean;
}

export interface RunningGateway {
  readonly url: string;
  readonly port: number;
  /** Stop listening, answer what is under way, then let go of database and Temporal. */
  close(): Promise<void>;
}

const CONNECTIONS = 16;
const BULK_CONNECTIONS = 4;
/** A provider call under way may keep an acknowledgement waiting for 2 s; more is a fault that a restart ends. */
const DRAIN_WITHIN_MS = 10_000;
const SAY_EVERY_MS = 30_000;

/** @throws BlocklistError CONFIGURATION, SCHEMA_MISMATCH, KEY_MISMATCH, STORAGE_UNAVAILABLE */
export async function startGateway(config: Config, options: GatewayOptions = {}): Promise<RunningGateway> {
  const allowLoopbackWebhooks = options.allowLoopbackWebhooks === true;
  assertWebhooksAreGuarded(config, allowLoopbackWebhooks);
  const logger = createLogger(options.log);
  const keys = codecKeysOf(options.codecKeys);
  // Each of these closes what was opened, the last one first.
  const closers: (() => Promise<void>)[] = [];
  const letGo = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse()) await close().catch(() => undefined);
  };
  const openPool = async (connections: number, applicationName: string): Promise<Storage> => {
    const { databaseUrl, hashKey } = config;
    prepareReading();
    const storage = await openStorage({ databaseUrl, hashKey, connections, applicationName });
    closers.push(() => storage.close());
    return storage;
  };
  try {
    const storage = await openPool(options.connections ?? CONNECTIONS, 'blocklist-gateway');
    const bulkStorage = await openPool(BULK_CONNECTIONS, 'blocklist-gateway-bulk');
    const opened = openClient({
      codecKeys: keys,
      ...(options.client === undefined ? {} : { client: options.client }),
      ...options.temporal,
    });
    const temporal = gatewayTemporal(opened.client, rarely(logger, LOST_HINT));
    closers.push(async () => {
      // Nobody waits for a server that is away: the last calls end with their deadlines.
      void temporal.settled().then(() => opened.close().catch(() => undefined));
    });
    const deps = {
      config,
      storage,
      bulkStorage,
      temporal,
      authenticate: createAuthenticator(storage, config.apiKey),
      metrics: createMetrics(() => readBacklog(bulkStorage.db)),
      ...(keys.length === 0 ? {} : { codec: new BlocklistCodec(keys) }),
      allowLoopbackWebhooks,
    };
    const app = await createApp(deps, logger);
    closers.push(() => drain(app));
    const host = options.host ?? (allowLoopbackWebhooks ? '127.0.0.1' : '0.0.0.0');
    const port = await listen(app, host, config.port);
    if (config.webhookSecret === undefined) {
      logger.warn('BLOCKLIST_WEBHOOK_SECRET is not set: webhooks are taken from this machine only');
    }
    if (config.apiKey === undefined)
      logger.warn('BLOCKLIST_API_KEY is not set: only keys of `blocklist keys create` open the API');
    logger.info({ port }, 'the gateway serves');

    let closed: Promise<void> | undefined;
    const close = (): Promise<void> => (closed ??= letGo());
    if (options.handleSignals === true) {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () => void close().finally(() => process.exit(0)));
      }
    }
    return { url: `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`, port, close };
  } catch (error) {
    await letGo();
    throw error;
  }
}

/** Takes nothing new, answers what is under way. */
async function drain(app: App): Promise<void> {
  const force = setTimeout(() => app.server.closeAllConnections(), DRAIN_WITHIN_MS);
  // Connections that are kept alive become idle one by one, as their answers leave.
  const idle = setInterval(() => app.server.closeIdleConnections(), 20);
  await app.close();
  clearInterval(idle);
  clearTimeout(force);
}

const LOST_HINT = 'Temporal did not take a wake-up; the sweep will find what was stored';

/** A failure that is made good anyway is worth a line, not a flood. */
function rarely(logger: Logger, message: string): (error: unknown) => void {
  let saidAt = -Infinity;
  return (error) => {
    if (performance.now() - saidAt < SAY_EVERY_MS) return;
    saidAt = performance.now();
    logger.warn({ err: error }, message);
  };
}

function assertWebhooksAreGuarded(config: Config, allowLoopback: boolean): void {
  if (config.webhookSecret !== undefined || allowLoopback) return;
  throw new BlocklistError(
    'CONFIGURATION',
    'BLOCKLIST_WEBHOOK_SECRET is not set, so anybody could opt people out or in. Set it to a random text, and have your ' +
      'providers send it in the header x-webhook-secret.',
  );
}
