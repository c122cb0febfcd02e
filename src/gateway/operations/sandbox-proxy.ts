// The sandbox network behind the gateway's address, for tests and demonstrations.
import httpProxy from '@fastify/http-proxy';
import { BlocklistError } from '../../domain/errors.js';
import { hasRole } from '../../domain/roles.js';
import { grantAll } from '../access/route-access.js';
import type { App, GatewayDeps } from '../gateway-deps.js';
import { answerOf, sendNotFound } from '../http-errors.js';
import { isLoopback } from '../secrets.js';

const PREFIX = '/sandbox';
const DOWN = new BlocklistError('PROVIDER_UNAVAILABLE', 'The sandbox does not answer.', { retryable: true });

/**
 * `/sandbox/...` leads to `/...` of the sandbox: for this machine, and for others with the API key of an editor, since whoever injects
 * replies can opt people out and in. Its `/send` stays closed: only a worker with a permit hands over messages.
 */
export function registerSandboxProxy(app: App, { config, authenticate }: GatewayDeps): void {
  // Asked of other machines only, so by a hook of its own.
  grantAll(app, 'public');
  if (config.sandboxUrl === undefined) {
    app.all(`${PREFIX}/*`, sendNotFound);
    return;
  }
  app.addHook('onRequest', async (request) => {
    if (isLoopback(request)) return;
    const { role } = await authenticate(request);
    if (!hasRole(role, 'editor')) throw new BlocklistError('FORBIDDEN', 'The sandbox needs the key of an editor.');
  });
  app.all(`${PREFIX}/send`, sendNotFound);
  void app.register(httpProxy, {
    upstream: config.sandboxUrl,
    prefix: PREFIX,
    rewritePrefix: '/',
    replyOptions: {
      onError: (reply) => {
        const { status, body } = answerOf(DOWN, reply.request.id);
        void reply.code(status).header('retry-after', 1).send(body);
      },
    },
  });
}
