// Thousands of hostile requests of many kinds against a gateway process, with honest ones in between.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { attack } from './hostile/attack.js';
import { startGatewayProcess, type GatewayProcess } from './hostile/gateway-process.js';
import { memoryWatch } from './hostile/memory.js';
import { API_KEY, gatewayEnvironment, WEBHOOK_SECRET } from './support/running-gateway.js';
import { createTestDatabase, getTemporal, type TestDatabase } from './support/servers.js';

const REQUESTS = 20_000;

let database: TestDatabase;
let gateway: GatewayProcess;
beforeAll(async () => {
  database = await createTestDatabase({ migrated: true });
  const { address, namespace } = await getTemporal();
  gateway = await startGatewayProcess({
    ...gatewayEnvironment(database.url),
    BLOCKLIST_REQUESTS_PER_SECOND: '0',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
  });
});
afterAll(async () => {
  await gateway.stop();
  await database.drop();
});

it('No crash, no 5xx, memory flat, and every good request in between answered', { timeout: 600_000 }, async () => {
  const memory = memoryWatch(gateway, REQUESTS);
  const damage = await attack({
    port: gateway.port,
    secrets: { apiKey: API_KEY, webhookSecret: WEBHOOK_SECRET },
    requests: REQUESTS,
    seed: 20_261_124,
    onDone: memory.onDone,
  });
  expect(damage.failures).toEqual([]);
  expect(gateway.isAlive()).toBe(true);
  expect(damage.byKind.size).toBeGreaterThanOrEqual(30);
  expect(damage.honest).toBe(REQUESTS / 20);
  // Most of it was really looked at and refused.
  expect(damage.byStatus.get(400) ?? 0).toBeGreaterThan(REQUESTS / 5);
  expect(memory.verdict()).toMatchObject({ isFlat: true });
});
