// Webhooks for replies: /inbound/{provider}/{channel}.
import { SENDING_CHANNELS } from '../../domain/channel.js';
import type { InboundReply } from '../../storage/inbox.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { errors } from '../error-envelopes.js';
import { webhookGuard } from '../secrets.js';
import { envelope, receipt, type ItemReading } from './envelope.js';
import { readInfobipSms } from './infobip-reply.js';
import { createReplyIntake } from './reply-intake.js';
import { readSandboxReply } from './sandbox-reply.js';

/** A thousand long replies. */
const BODY_LIMIT = 8 << 20;

type ReadReply = (item: unknown, arrivedAt: Date) => ItemReading<InboundReply>;

export function registerReplyRoutes(app: App, deps: GatewayDeps): void {
  const { config, metrics, storage, temporal } = deps;
  const intake = createReplyIntake(storage.inbox, temporal.wake);
  // Answers that are still owed are given before the process ends.
  app.addHook('onClose', () => intake.drained());
  const guard = webhookGuard(config.webhookSecret, deps.allowLoopbackWebhooks);

  const route = (url: string, read: ReadReply): void => {
    app.route({
      method: 'POST',
      url,
      config: { access: 'webhook' },
      bodyLimit: BODY_LIMIT,
      onRequest: guard,
      schema: { body: envelope, response: { 200: receipt, ...errors } },
      handler: async (request) => {
        const arrivedAt = new Date();
        const taken = await intake.take(request.body.results.map((item) => read(item, arrivedAt)));
        if (taken.accepted + taken.duplicates > 0)
          metrics.observeSilence('reply', (Date.now() - arrivedAt.getTime()) / 1000);
        if (taken.rejected.length > 0) metrics.countRejected('reply', taken.rejected.length);
        return taken;
      },
    });
  };

  for (const channel of SENDING_CHANNELS) {
    route(`/inbound/sandbox/${channel.toLowerCase()}`, (item, arrivedAt) => readSandboxReply(item, channel, arrivedAt));
  }
  route('/inbound/infobip/sms', readInfobipSms);
}
