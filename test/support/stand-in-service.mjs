// Stands in for a gateway, worker or sandbox in tests of the supervisor: serves on its port, and notes what else still runs
// when it is asked to stop. Its arguments: the name, and the variable that holds the port.
import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { processStart } from '../../src/dev/process-liveness.mjs';

const [name, portVariable] = process.argv.slice(2);
const cacheDir = process.env.BLOCKLIST_CACHE_DIR;

const server = createServer((_request, response) => response.end(name));
server.listen(Number(process.env[portVariable]), '127.0.0.1');
process.on('SIGTERM', () => {
  if (process.env.TEST_STAND_IN === 'ignores-stop') return;
  appendFileSync(join(cacheDir, 'stops.log'), `${JSON.stringify({ name, others: running() })}\n`);
  process.exit(0);
});

function running() {
  const { parts } = JSON.parse(readFileSync(join(cacheDir, 'stack.json'), 'utf8'));
  return parts.filter((part) => part.name !== name && processStart(part.pid) !== undefined).map((part) => part.name);
}
