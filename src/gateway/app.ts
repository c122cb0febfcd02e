// The HTTP application: limits, headers and errors that every route shares, and the route families.
import helmet from '@fastify/helmet';
import fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { limitRates } from './access/rates.js';
import { guardRoutes } from './access/route-access.js';
import { registerAccountRoutes } from './api/account-routes.js';
import { registerBroadcastRoutes } from './api/broadcast-routes.js';
import { registerCampaignRoutes } from './api/campaign-routes.js';
import { registerCheckRoutes } from './api/check-routes.js';
import { registerExportRoutes } from './api/export-routes.js';
import { registerImportRoutes } from './api/import-routes.js';
import { registerKeyRoutes } from './api/key-routes.js';
import { registerClassifyRoutes } from './api/classify-routes.js';
import { registerReviewRoutes } from './api/review-routes.js';
import { registerKeywordTestRoutes } from './api/keyword-test-routes.js';
import { registerLinkBurstRoutes } from './api/link-burst-routes.js';
import { registerSettingsRoutes } from './api/settings-routes.js';
import { registerSubjectRoutes } from './api/subject-routes.js';
import { registerWhyRoutes } from './api/why-routes.js';
import type { App, GatewayDeps } from './gateway-deps.js';
import { answerUnreadable, sendError, sendNotFound } from './http-errors.js';
import { registerBlocklistRoutes } from './compatible/blocklist-routes.js';
import { registerKeywordRoutes } from './compatible/keyword-routes.js';
import { registerSubscriptionRoutes } from './compatible/subscription-routes.js';
import { registerReplyRoutes } from './inbound/reply-routes.js';
import { registerReportRoutes } from './inbound/report-routes.js';
import { registerCodecRoutes } from './operations/codec-routes.js';
import { registerOperationsRoutes } from './operations/operations-routes.js';
import { registerSandboxProxy } from './operations/sandbox-proxy.js';
import { describeRoutes } from './openapi.js';
import { registerOptOutRoutes } from './opt-out/opt-out-routes.js';

/** What a route does not say otherwise. */
const BODY_LIMIT = 1 << 20;
/** A whole request, body included: an audience of millions over a slow line fits, a connection held open for fun does not. */
const REQUEST_TIMEOUT_MS = 10 * 60_000;
/** From the first line of a request to its answer. Routes that read or write large sets say how long they may take. */
const HANDLER_TIMEOUT_MS = 60_000;
/** Silence on a connection in the middle of a request. */
const CONNECTION_TIMEOUT_MS = 60_000;
/** Longer than the idle time of load balancers (60 s): they must be the ones to close. */
const KEEP_ALIVE_MS = 72_000;
/** A campaign reference of 255 characters, each of them escaped. */
const LONGEST_PARAMETER = 255 * 12;

export async function createApp(deps: GatewayDeps, logger: FastifyBaseLogger): Promise<App> {
  const app = fastify({
    loggerInstance: logger,
    // Their lines hold URLs, and URLs hold tokens and destinations; ours name route templates.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: HANDLER_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // A field of such a name is dropped like any other we do not know.
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
    clientErrorHandler: answerUnreadable,
    frameworkErrors: (error, request, reply) => sendError(error, request, reply),
  }).withTypeProvider<ZodTypeProvider>();
  // A form of any web page can post plain text; JSON it cannot, without asking first.
  app.removeContentTypeParser('text/plain');
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler(sendNotFound);
  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'unknown';
    deps.metrics.observeRequest(route, method, reply.statusCode, reply.elapsedTime / 1000);
    request.log.debug({ method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'answered');
  });
  // Pages set a policy of their own.
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"] } } });

  guardRoutes(app, deps.authenticate);
  await limitRates(app, deps.config.limits);
  await describeRoutes(app);

  /** Hooks, parsers and error answers of a family stay within it. */
  const family = async (register: (scope: App) => void): Promise<void> => {
    await app.register(async (scope) => register(scope.withTypeProvider<ZodTypeProvider>()));
  };
  await family((scope) => {
    registerReplyRoutes(scope, deps);
    registerReportRoutes(scope, deps);
  });
  await family((scope) => registerOptOutRoutes(scope, deps));
  await family((scope) => {
    registerBroadcastRoutes(scope, deps);
    registerCampaignRoutes(scope, deps);
    registerWhyRoutes(scope, deps);
    registerAccountRoutes(scope, deps);
    registerKeyRoutes(scope, deps);
    registerClassifyRoutes(scope);
    registerReviewRoutes(scope, deps);
  });
  await family((scope) => {
    registerCheckRoutes(scope, deps);
    registerSubjectRoutes(scope, deps);
    registerKeywordTestRoutes(scope, deps);
    registerImportRoutes(scope, deps);
    registerExportRoutes(scope, deps);
    registerLinkBurstRoutes(scope, deps);
    registerSettingsRoutes(scope, deps);
  });
  await family((scope) => {
    registerBlocklistRoutes(scope, deps);
    registerKeywordRoutes(scope, deps);
    registerSubscriptionRoutes(scope, deps);
  });
  await family((scope) => {
    registerOperationsRoutes(scope, deps);
    registerCodecRoutes(scope, deps);
  });
  await family((scope) => registerSandboxProxy(scope, deps));
  await app.ready();
  return app;
}
