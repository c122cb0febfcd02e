// Who may call which route. Every route states it in its config; this is the one place that holds them to it.
import type { RouteOptions } from 'fastify';
import { BlocklistError } from '../../domain/errors.js';
import { hasRole, ROLES, type Role } from '../../domain/roles.js';
import type { App } from '../gateway-deps.js';
import type { Authenticate, Caller } from './caller.js';

/**
 * A role: an API key with it, or with more. `webhook`: a provider, by the guard of its routes. `public`: anybody, or whoever
 * the route itself lets in.
 */
export type Access = Role | 'webhook' | 'public';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Of routes that ask for a role. */
    caller: Caller | undefined;
  }
}

/** Call it before any route is registered. */
export function guardRoutes(app: App, authenticate: Authenticate): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  app.addHook('onReady', async () => routes.forEach(assertDeclared));

  app.decorateRequest('caller', undefined);
  app.addHook('onRequest', async (request) => {
    const { access } = request.routeOptions.config;
    const role = ROLES.find((name) => name === access);
    if (role === undefined) return;
    const caller = await authenticate(request);
    request.caller = caller;
    if (!hasRole(caller.role, role)) {
      throw new BlocklistError(
        'FORBIDDEN',
        `This needs an API key with the role ${role}; this one is a ${caller.role}.`,
      );
    }
  });
}

/** What plugins register within `scope` is called by whoever has this access. */
export function grantAll(scope: App, access: Access): void {
  scope.addHook('onRoute', (route) => {
    route.config = { access, ...route.config };
    route.schema = { hide: true, ...route.schema };
  });
}

/** A route that forgets who may call it, or what it takes and answers, keeps the gateway from starting. */
function assertDeclared({ method, url, config, schema }: RouteOptions): void {
  const name = `${String(method)} ${url}`;
  if (config?.access === undefined) throw new BlocklistError('CONFIGURATION', `${name} does not state its access.`);
  if (schema?.hide === true) return;
  if (url.includes('/:') && schema?.params === undefined)
    throw new BlocklistError('CONFIGURATION', `${name} has no schema of its parameters.`);
  if (schema?.response === undefined)
    throw new BlocklistError('CONFIGURATION', `${name} has no schema of its answers.`);
}
