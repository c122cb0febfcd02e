// The served OpenAPI document, made from the routes' own schemas, and its page. Nothing of the page comes from elsewhere.
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';
import { ROLES } from '../domain/roles.js';
import { grantAll, type Access } from './access/route-access.js';
import type { App } from './gateway-deps.js';

const API_KEY = [{ App: [] }, { Bearer: [] }, { Basic: [] }];
const WEBHOOK_SECRET = [{ WebhookSecret: [] }];

/** Everything from here; the page styles itself inline. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'";

/** Call it before any route is registered. */
export async function describeRoutes(app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'temporal-blocklist', description: 'Do Not Contact as a property of the platform.', version: '1' },
      components: {
        securitySchemes: {
          App: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`App <key>`' },
          Bearer: { type: 'http', scheme: 'bearer' },
          Basic: { type: 'http', scheme: 'basic', description: 'The key as the password.' },
          WebhookSecret: { type: 'apiKey', in: 'header', name: 'x-webhook-secret' },
        },
      },
    },
    transform: (document) => {
      const described = jsonSchemaTransform(document);
      if (described.schema?.hide === true) return described;
      const access = document.route.config?.access;
      return { ...described, schema: { ...described.schema, ...securityOf(access) } };
    },
  });
  await app.register(async (scope) => {
    grantAll(scope, 'public');
    await scope.register(swaggerUi, { routePrefix: '/docs', staticCSP: PAGE_POLICY, uiConfig: { validatorUrl: null } });
  });
}

function securityOf(access: Access | undefined): { readonly security: readonly Record<string, string[]>[] } {
  if (access === 'webhook') return { security: WEBHOOK_SECRET };
  return { security: ROLES.some((role) => role === access) ? API_KEY : [] };
}
