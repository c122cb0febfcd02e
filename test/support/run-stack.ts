// A supervisor process for tests: the real servers with stand-ins for our own services. Prints one line of JSON when it serves;
// stops when the pipe on stdin closes, so that it does not outlive a killed test run.
import { join } from 'node:path';
import { packageFolder } from '../../src/dev/folders.js';
import { startStack } from '../../src/dev/stack.js';

const STAND_IN = join(packageFolder(), 'test', 'support', 'stand-in-service.mjs');
const PORT_VARIABLES = {
  sandbox: 'BLOCKLIST_SANDBOX_PORT',
  gateway: 'BLOCKLIST_PORT',
  worker: 'BLOCKLIST_METRICS_PORT',
} as const;

try {
  const stack = await startStack({
    commands: {
      migrate: JSON.parse(process.env['TEST_MIGRATE'] ?? '["--version"]') as string[],
      service: (name) => [STAND_IN, name, PORT_VARIABLES[name]],
    },
  });
  const { databaseUrl, temporalAddress, gatewayUrl, apiKey } = stack;
  console.log(JSON.stringify({ databaseUrl, temporalAddress, gatewayUrl, apiKey, parts: stack.parts() }));
  process.stdin.resume().once('end', () => void stack.stop());
  await stack.wait();
  process.stdin.destroy();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
