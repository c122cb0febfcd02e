// What the routes are given. The composition (server.ts) makes it and closes what it opened.
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PayloadCodec } from '@temporalio/common';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Config } from '../config.js';
import type { Metrics } from '../metrics.js';
import type { Storage } from '../storage/storage.js';
import type { Authenticate } from './access/caller.js';
import type { GatewayTemporal } from './temporal.js';

export interface GatewayDeps {
  readonly config: Config;
  /** For replies and opt-outs. */
  readonly storage: Storage;
  /** Connections of their own for the native API: an upload of hours must not keep a reply waiting. */
  readonly bulkStorage: Storage;
  readonly temporal: GatewayTemporal;
  /** Whose key a request brings; routes that state a role get it as `request.caller`. */
  readonly authenticate: Authenticate;
  readonly metrics: Metrics;
  /** What lets Temporal Web show payloads; undefined when they are not encrypted. */
  readonly codec?: PayloadCodec;
  /** Without a webhook secret: take webhooks from this machine. */
  readonly allowLoopbackWebhooks: boolean;
}

/** A Fastify instance whose routes are typed by their zod schemas. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse<IncomingMessage>,
  FastifyBaseLogger,
  ZodTypeProvider
>;
