// The sandbox: a process that behaves like a mobile network, and whose log is the judge of what was really sent. This file
// puts its parts together; see routes.ts for what it answers.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BlocklistError } from '../../domain/errors.js';
import { createClock } from './clock.js';
import { Deliveries } from './deliveries.js';
import { startDeliveryReports } from './delivery-reports.js';
import { Faults } from './faults.js';
import { createGatewayWebhook } from './gateway-webhook.js';
import { MessageLog } from './message-log.js';
import { People } from './people.js';
import { Responder } from './responder.js';
import { handleRequest, type SandboxParts } from './routes.js';
import { Timers } from './timers.js';

export interface SandboxOptions {
  /** JSON lines, appended; what an earlier process wrote stays valid. A small `.reported` file appears beside it. */
  readonly logFile: string;
  /** 0 (the default) takes any free port. */
  readonly port?: number;
  /** Default 127.0.0.1: the sandbox has no authentication. */
  readonly host?: string;
  /** Where replies and delivery reports go. Without it none are given. */
  readonly gatewayUrl?: string;
  /** Sent as `x-webhook-secret`. */
  readonly webhookSecret?: string;
  /** Default 200. */
  readonly reportsAfterMs?: number;
  /** Share of messages that get a delivery report, default 1; 0 switches reports off. */
  readonly reportsShare?: number;
  /** Share of reports that say UNDELIVERABLE, default 0.01. */
  readonly undeliverableShare?: number;
  /** Decides who is undeliverable, who reacts, and which faults strike. Default 1. */
  readonly seed?: number;
  /** True: SIGTERM and SIGINT close the sandbox and end the process. */
  readonly handleSignals?: boolean;
  /** What the `crash` fault does; default: SIGKILL to this process. */
  readonly crash?: () => void;
  /** Told about a torn log and about requests that failed for no fault of the caller. */
  readonly warn?: (message: string) => void;
}

export interface RunningSandbox {
  readonly url: string;
  readonly port: number;
  /** For a gateway that is started after the sandbox. */
  setGatewayUrl(url: string): void;
  /** Lets requests under way finish (at most a second), then ends everything. */
  close(): Promise<void>;
}

const CLOSE_AFTER_MS = 1_000;
/** Longer than any pause of a client: an idle connection closed just as it is used again looks like a lost answer. */
const KEEP_ALIVE_MS = 600_000;

/** Starts the sandbox; resolves when it answers requests. */
export async function runSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  let gatewayUrl = options.gatewayUrl === undefined ? undefined : checkedUrl(options.gatewayUrl);
  const seed = options.seed ?? 1;
  const warn = options.warn ?? (() => undefined);
  const log = MessageLog.open(options.logFile);
  if (log.tornBytes > 0) warn(`The sandbox log ended in a torn line; ${log.tornBytes} bytes were cut off.`);
  const clock = createClock(log.lastAcceptedAt);
  const timers = new Timers();
  const webhook = createGatewayWebhook(() => gatewayUrl, clock, options.webhookSecret);
  const deliveries = new Deliveries(timers);
  const people = new People(webhook, clock, deliveries);
  const reports = startDeliveryReports(log, `${options.logFile}.reported`, webhook, clock, timers, {
    afterMs: options.reportsAfterMs ?? 200,
    share: options.reportsShare ?? 1,
    undeliverableShare: options.undeliverableShare ?? 0.01,
    seed,
  });
  const parts: SandboxParts = {
    log,
    clock,
    timers,
    people,
    deliveries,
    reports,
    warn,
    faults: new Faults(seed),
    responder: new Responder(people, timers, seed),
    counts: { requests: 0, duplicates: 0, rejected: 0, rateLimited: 0, dropped: 0, delayed: 0, timedOut: 0 },
    crash: options.crash ?? (() => process.kill(process.pid, 'SIGKILL')),
  };
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    void handleRequest(request, response, parts);
  });
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= closeAll());
  const port = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1').catch(async (error: unknown) => {
    await close();
    throw error;
  });
  if (options.handleSignals === true) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => void close().then(() => process.exit(0)));
    }
  }
  return { url: `http://${options.host ?? '127.0.0.1'}:${port}`, port, setGatewayUrl, close };

  function setGatewayUrl(url: string): void {
    gatewayUrl = checkedUrl(url);
  }

  async function closeAll(): Promise<void> {
    timers.clear();
    await closeServer(server);
    webhook.close();
    reports.close();
    log.close();
  }
}

function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:/.test(url)) return url;
  throw new BlocklistError('CONFIGURATION', 'The gateway address of the sandbox must be an http or https URL.');
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise((resolve) => server.close(resolve));
  const idle = setInterval(() => server.closeIdleConnections(), 20);
  const force = setTimeout(() => server.closeAllConnections(), CLOSE_AFTER_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(force);
}
