// One Postgres and one Temporal server for the whole test run. Nothing is started before a test file asks: a run of pure rules
// needs no server. Test files are processes of their own, so they ask over a loopback address.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { TestDatabases } from './test-databases.js';
import { TestNamespaces } from './test-namespaces.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly testServers: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const servers = new ScratchServers();
  const databases = new TestDatabases(servers);
  const namespaces = new TestNamespaces(servers);
  const requests: Readonly<Record<string, () => Promise<unknown>>> = {
    '/database': () => databases.create({ isMigrated: false }),
    '/migrated-database': () => databases.create({ isMigrated: true }),
    '/postgres': () => databases.postgres(),
    '/namespace': () => namespaces.create(),
    '/temporal': () => namespaces.temporal(),
  };
  const server = createServer((request, response) => {
    const answer = requests[request.url ?? ''] ?? (() => Promise.reject(new Error(`nothing at ${request.url}`)));
    answer().then(
      (value) => response.end(JSON.stringify(value)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('testServers', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return async () => {
    await closed(server);
    await servers.stop();
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
