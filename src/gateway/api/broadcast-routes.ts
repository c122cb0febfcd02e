// Broadcasts: one message to an audience of any size. Accepted (202) only when the whole audience is stored and Temporal has
// taken the start. What is not accepted is cancelled, so that nothing of it goes out later by surprise.
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { BlocklistError, InvalidInputError } from '../../domain/errors.js';
import {
  broadcastStatus,
  createBroadcast,
  loadAudience,
  readStatus,
  setBroadcastStatus,
  type AudienceLine,
} from '../../storage/broadcasts.js';
import { unknownBroadcast } from '../../storage/broadcast-id.js';
import { accountFor, callerOf } from '../access/caller.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import {
  acceptUploads,
  audienceOf,
  broadcastRequest,
  readUploadParameters,
  type BroadcastRequest,
} from './broadcast-request.js';

/** 50,000 e-mail addresses of the greatest length, and a text. */
const BODY_LIMIT = 16 << 20;

/** As long as a request may take to arrive, and a minute to start what it asks for. */
const UPLOAD_WITHIN_MS = 11 * 60_000;

const params = z.object({ broadcastId: z.string() });
const accepted = z.object({ broadcastId: z.string() });
const progress = z.looseObject({
  status: z.enum(['RUNNING', 'PAUSED', 'FINISHED', 'CANCELLED']),
  counts: z.looseObject({
    audience: z.number(),
    permitted: z.number(),
    sent: z.number(),
    blocked: z.number(),
    held: z.number(),
    failed: z.number(),
  }),
});

export function registerBroadcastRoutes(app: App, { bulkStorage: storage, temporal }: GatewayDeps): void {
  acceptUploads(app);

  app.route({
    method: 'POST',
    url: '/api/v1/broadcasts',
    config: { access: 'editor' },
    bodyLimit: BODY_LIMIT,
    handlerTimeout: UPLOAD_WITHIN_MS,
    preValidation: readUploadParameters,
    schema: { body: broadcastRequest, response: { 202: accepted, ...errors } },
    handler: async (request, reply) => {
      const audience = audienceOf(request, request.body);
      // Asked before anything is stored: with Temporal away an upload of a million would be read for nothing.
      await temporal.assertReachable();
      const { key } = await accountFor(request, storage, request.body.accountKey);
      return reply.code(202).send({ broadcastId: await start({ ...request.body, accountKey: key }, audience) });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/broadcasts/:broadcastId',
    config: { access: 'viewer' },
    schema: { params, response: { 200: progress, ...errors } },
    handler: async (request) => {
      const { status, counts } = await ownBroadcast(request, request.params.broadcastId);
      return { status, counts: { ...counts } };
    },
  });

  for (const command of ['pause', 'resume', 'cancel'] as const) {
    app.route({
      method: 'POST',
      url: `/api/v1/broadcasts/:broadcastId/${command}`,
      config: { access: 'editor' },
      schema: { params, response: { 202: accepted, ...errors } },
      handler: async (request, reply) => {
        const { broadcastId } = request.params;
        const { status } = await ownBroadcast(request, broadcastId);
        if (!(await temporal.signalBroadcast(broadcastId, command))) {
          throw new BlocklistError('CONFLICT', `The broadcast takes no ${command} any more; its status is ${status}.`);
        }
        return reply.code(202).send({ broadcastId });
      },
    });
  }

  /** One of another account tree is as unknown as one that never was. */
  async function ownBroadcast(request: FastifyRequest, broadcastId: string) {
    const found = await broadcastStatus(storage, broadcastId);
    const { ancestors } = await storage.accounts.get(found.accountKey);
    return ancestors.includes(callerOf(request).account.id) ? found : unknownBroadcast();
  }

  async function start(
    { destinations: _, ...spec }: BroadcastRequest & { readonly accountKey: string },
    audience: AsyncIterable<AudienceLine> | Iterable<AudienceLine>,
  ): Promise<string> {
    const { broadcastId } = await createBroadcast(storage, spec);
    const { campaignReference, accountKey } = spec;
    try {
      const loaded = await loadAudience(storage, broadcastId, audience);
      if (loaded.audience === 0) throw new InvalidInputError([NOBODY]);
      await temporal.startBroadcast({ broadcastId, campaignReference, accountKey });
    } catch (error) {
      if (!(await hasStartedAnyway(broadcastId, error))) throw error;
    }
    return broadcastId;
  }

  /**
   * The answer to a start may be lost. If the workflow has begun, the broadcast is accepted; else it is cancelled, and a
   * workflow that begins later finds it so and sends nothing.
   */
  async function hasStartedAnyway(broadcastId: string, cause: unknown): Promise<boolean> {
    try {
      if ((await readStatus(storage.db, broadcastId)) !== 'LOADING') return true;
      await setBroadcastStatus(storage, broadcastId, 'CANCELLED');
      return false;
    } catch {
      throw new BlocklistError(
        'STORAGE_UNAVAILABLE',
        `Broadcast ${broadcastId} could neither be started nor cancelled for certain. Look at its status before you send it again.`,
        { retryable: true, cause },
      );
    }
  }
}

const NOBODY = { path: 'destinations', message: 'none of them is a destination of this channel; nothing was started' };
