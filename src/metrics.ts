// What operators watch, for the gateway and the workers alike. Labels hold channels, codes and reasons: never a campaign,
// never a person.
import { setTimeout as sleep } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Backlog } from './storage/backlog.js';

export interface Metrics {
  readonly contentType: string;
  /** The page that a scrape reads. A backlog that cannot be read leaves its series out; the others are still there. */
  read(): Promise<string>;
  /** From the arrival of a reply or an opt-out to its acknowledgement, from which on nothing new goes out to the person. */
  observeSilence(via: 'reply' | 'link' | 'api' | 'flow', seconds: number): void;
  /** One message that came to its end; `code` is the error id of the outcome, 0 where there is none. */
  countSend(channel: string, outcome: string, code: number, count?: number): void;
  /** Handed over with the answer lost, at a provider that cannot tell. */
  countUnknown(count?: number): void;
  observeClaim(seconds: number): void;
  /** Replies and reports that could not be taken, by what is wrong with them. */
  countRejected(kind: 'reply' | 'report', count: number): void;
  observeRequest(route: string, method: string, status: number, seconds: number): void;
}

const FAST = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
/** Two seconds is the longest an acknowledgement can wait for a provider call under way. */
const SILENCE = [...FAST, 5];

/** Scrapes within this time share one look into the database. */
const BACKLOG_FRESH_MS = 1_000;
/** A database that hangs must not take the other figures with it. */
const BACKLOG_WITHIN_MS = 3_000;

/** `readBacklog` is asked when somebody scrapes. */
export function createMetrics(readBacklog?: () => Promise<Backlog>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const silence = new Histogram({
    name: 'blocklist_silence_seconds',
    help: 'From the arrival of a reply or opt-out to its acknowledgement, after which nothing new goes out to the person.',
    labelNames: ['via'],
    buckets: SILENCE,
    registers,
  });
  const sends = new Counter({
    name: 'blocklist_sends_total',
    help: 'Messages by what became of them.',
    labelNames: ['channel', 'outcome', 'code'],
    registers,
  });
  const unknown = new Counter({
    name: 'blocklist_unknown_total',
    help: 'Messages handed over whose answer was lost for good.',
    registers,
  });
  const claim = new Histogram({
    name: 'blocklist_claim_seconds',
    help: 'Time of one claim: the check and the permits of up to 5,000 messages.',
    buckets: FAST,
    registers,
  });
  const rejected = new Counter({
    name: 'blocklist_inbound_rejected_total',
    help: 'Inbound items that could not be taken.',
    labelNames: ['kind'],
    registers,
  });
  const requests = new Histogram({
    name: 'blocklist_http_request_seconds',
    help: 'HTTP requests by route template.',
    labelNames: ['route', 'method', 'status'],
    buckets: SILENCE,
    registers,
  });
  if (readBacklog !== undefined) registerBacklog(registry, readBacklog);

  return {
    contentType: registry.contentType,
    read: () => registry.metrics(),
    observeSilence: (via, seconds) => silence.observe({ via }, seconds),
    countSend: (channel, outcome, code, count = 1) => sends.inc({ channel, outcome, code }, count),
    countUnknown: (count = 1) => unknown.inc(count),
    observeClaim: (seconds) => claim.observe(seconds),
    countRejected: (kind, count) => rejected.inc({ kind }, count),
    observeRequest: (route, method, status, seconds) => requests.observe({ route, method, status }, seconds),
  };
}

function registerBacklog(registry: Registry, readBacklog: () => Promise<Backlog>): void {
  let latest: { readonly at: number; readonly backlog: Promise<Backlog | undefined> } | undefined;
  const backlog = (): Promise<Backlog | undefined> => {
    const now = performance.now();
    if (latest === undefined || now - latest.at > BACKLOG_FRESH_MS) {
      const read = readBacklog().catch(() => undefined);
      latest = { at: now, backlog: Promise.race([read, sleep(BACKLOG_WITHIN_MS, undefined, { ref: false })]) };
    }
    return latest.backlog;
  };
  const gauge = (name: string, help: string, valueOf: (backlog: Backlog) => number): void => {
    const metric = new Gauge({
      name,
      help,
      registers: [],
      async collect() {
        const read = await backlog();
        if (read === undefined) this.remove();
        else this.set(valueOf(read));
      },
    });
    registry.registerMetric(metric);
  };
  gauge(
    'blocklist_inbox_oldest_unread_seconds',
    'Age of the oldest reply that has not been read; 0 when all are read.',
    (read) => read.oldestUnreadReplySeconds,
  );
  gauge(
    'blocklist_outbox_oldest_seconds',
    'Age of the oldest signal or confirmation not yet delivered; 0 when all are.',
    (read) => read.oldestOutboxSeconds,
  );
  const held = new Gauge({
    name: 'blocklist_held',
    help: 'Messages held now, by reason; counted up to 100,000.',
    labelNames: ['reason'],
    registers: [],
    async collect() {
      this.reset();
      for (const [reason, count] of Object.entries((await backlog())?.held ?? {})) this.set({ reason }, count);
    },
  });
  registry.registerMetric(held);
}
