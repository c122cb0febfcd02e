// Broadcasts: one message to an audience of any size. Accepted (202) only when the whole audience is stored and Temporal has
// taken the start. What is not accepted is cancelled, so that nothing of it goes out later by surprise.
import { z } from 'zod';
import { BlocklistError, InvalidInputError } from '../../domain/errors.js';
import { DEFAULT_ACCOUNT_KEY } from '../../domain/scope.js';
import {
  broadcastStatus,
  createBroadcast,
  loadAudience,
  readStatus,
  setBroadcastStatus,
  type AudienceLine,
} from '../../storage/broadcasts.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errorBody } from '../http-errors.js';
import {
  acceptUploads,
  audienceOf,
  broadcastRequest,
  readUploadParameters,
  type BroadcastRequest,
} from './broadcast-request.js';

/** 50,000 e-mail addresses of the greatest length, and a text. */
const BODY_LIMIT = 16 << 20;

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
    bodyLimit: BODY_LIMIT,
    preValidation: readUploadParameters,
    schema: { body: broadcastRequest, response: { 202: accepted, '4xx': errorBody, '5xx': errorBody } },
    handler: async (request, reply) => {
      const audience = audienceOf(request, request.body);
      // Asked before anything is stored: with Temporal away an upload of a million would be read for nothing.
      await temporal.assertReachable();
      return reply.code(202).send({ broadcastId: await start(request.body, audience) });
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/broadcasts/:broadcastId',
    schema: { params, response: { 200: progress, '4xx': errorBody, '5xx': errorBody } },
    handler: async (request) => {
      const { status, counts } = await broadcastStatus(storage, request.params.broadcastId);
      return { status, counts: { ...counts } };
    },
  });

  for (const command of ['pause', 'resume', 'cancel'] as const) {
    app.route({
      method: 'POST',
      url: `/api/v1/broadcasts/:broadcastId/${command}`,
      schema: { params, response: { 202: accepted, '4xx': errorBody, '5xx': errorBody } },
      handler: async (request, reply) => {
        const { broadcastId } = request.params;
        const { status } = await broadcastStatus(storage, broadcastId);
        if (!(await temporal.signalBroadcast(broadcastId, command))) {
          throw new BlocklistError('CONFLICT', `The broadcast takes no ${command} any more; its status is ${status}.`);
        }
        return reply.code(202).send({ broadcastId });
      },
    });
  }

  async function start(
    { destinations: _, ...spec }: BroadcastRequest,
    audience: AsyncIterable<AudienceLine> | Iterable<AudienceLine>,
  ): Promise<string> {
    const { broadcastId } = await createBroadcast(storage, spec);
    const { campaignReference, accountKey = DEFAULT_ACCOUNT_KEY } = spec;
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
