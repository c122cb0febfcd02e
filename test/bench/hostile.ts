// `node dist/test/bench/hostile.js [--requests 1000000] [--seed n]`: the hostile requests at length. Status 0: no crash, no 5xx,
// memory flat, every honest request answered.
import { parseArgs } from 'node:util';
import { ScratchServers } from '../../src/dev/scratch-servers.js';
import { migrate } from '../../src/storage/migrate.js';
import { attack } from '../hostile/attack.js';
import { startGatewayProcess } from '../hostile/gateway-process.js';
import { memoryWatch } from '../hostile/memory.js';

const SAY_EVERY = 20_000;

const { values } = parseArgs({
  options: { requests: { type: 'string', default: '1000000' }, seed: { type: 'string', default: String(Date.now()) } },
});
const requests = Number(values.requests);
const secrets = { apiKey: 'a-key-for-the-attack-only', webhookSecret: 'a secret for the attack only' };

const servers = new ScratchServers();
try {
  const { adminUrl } = await servers.startPostgres();
  await migrate(adminUrl);
  const gateway = await startGatewayProcess({
    BLOCKLIST_DATABASE_URL: adminUrl,
    BLOCKLIST_HASH_KEY: 'a hash key for the attack only',
    BLOCKLIST_PORT: '0',
    BLOCKLIST_API_KEY: secrets.apiKey,
    BLOCKLIST_WEBHOOK_SECRET: secrets.webhookSecret,
    BLOCKLIST_REQUESTS_PER_SECOND: '0',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
  });
  const memory = memoryWatch(gateway, requests);
  const begunAt = performance.now();
  const damage = await attack({
    port: gateway.port,
    secrets,
    requests,
    seed: Number(values.seed),
    onDone: (done) => {
      memory.onDone(done);
      if (done % SAY_EVERY === 0)
        process.stderr.write(`${done} requests, ${Math.round(gateway.residentMegabytes())} MB\n`);
    },
  });
  const seconds = (performance.now() - begunAt) / 1000;
  const isAlive = gateway.isAlive();
  const verdict = memory.verdict();
  await gateway.stop();
  const statuses = [...damage.byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  console.log(
    `seed ${values.seed}, ${damage.hostile} hostile requests of ${damage.byKind.size} kinds and ${damage.honest} honest ones`,
  );
  console.log(`${Math.round(requests / seconds)} requests/s; answers ${statuses.join(', ')}`);
  console.log(`memory ${Math.round(verdict.earlyMegabytes)} MB early, ${Math.round(verdict.lateMegabytes)} MB late`);
  console.log(`failures: ${damage.failures.length === 0 ? 'none' : damage.failures.join('; ')}`);
  process.exitCode = isAlive && verdict.isFlat && damage.failures.length === 0 ? 0 : 1;
} finally {
  await servers.stop();
}
