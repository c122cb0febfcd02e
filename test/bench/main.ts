// `npm run bench [-- race] [-- --json]`: one line per figure, each measured in this run.
import { broadcastBench } from './broadcast.js';
import { checksBench } from './checks.js';
import { blocklistApiBench } from './blocklist-api.js';
import { checkHttpBench } from './check-http.js';
import { claimBench } from './claim.js';
import { flowBench } from './flow.js';
import { repliesReadBench } from './replies-read.js';
import { repliesBench } from './replies.js';
import { raceBench, type BenchLine } from './race.js';

const BENCHES: Readonly<Record<string, () => Promise<readonly BenchLine[]>>> = {
  race: () => raceBench(),
  claim: () => claimBench(),
  broadcast: () => broadcastBench(),
  checks: () => checksBench(),
  'check-http': () => checkHttpBench(),
  flow: () => flowBench(),
  replies: () => repliesBench(),
  'blocklist-api': () => blocklistApiBench(),
  'replies-read': async () => repliesReadBench(),
};

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const asJson = process.argv.includes('--json');
const unknown = asked.filter((name) => BENCHES[name] === undefined);
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(', ')}. There are: ${Object.keys(BENCHES).join(', ')}.\n`);
  process.exit(2);
}

let holds = true;
for (const name of asked.length === 0 ? Object.keys(BENCHES) : asked) {
  for (const line of await BENCHES[name]!()) {
    holds &&= line.holds;
    process.stdout.write(asJson ? `${JSON.stringify(line)}\n` : `${readable(line)}\n`);
  }
}
process.exit(holds ? 0 : 1);

function readable({ name, value, unit, ratio, bound, holds: isHeld }: BenchLine): string {
  const compared = ratio === null ? '' : `, ratio ${ratio.toFixed(2)}`;
  const limit = bound === null ? '' : ` (bound ${bound}: ${isHeld ? 'holds' : 'MISSED'})`;
  return `${name}: ${Math.round(value * 100) / 100} ${unit}${compared}${limit}`;
}
