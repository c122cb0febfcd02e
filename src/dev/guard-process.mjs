// A tiny process beside the supervisor that outlives it. As long as the pipe on stdin is open it only takes notes; when the
// pipe closes, however the supervisor ended, it stops in order whatever is still running and removes temporary folders.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { processStart, signalGroup } from './process-liveness.mjs';

const watched = new Map();
const folders = new Set();

// A Ctrl-C or a closed terminal is the supervisor's business.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const { watch, forget, folder, keep } = JSON.parse(line);
  // The start is read here, at once, so that a pid used again later is never taken for ours.
  if (watch) watched.set(watch.pid, { ...watch, start: processStart(watch.pid) });
  if (forget) watched.delete(forget);
  if (folder) folders.add(folder);
  if (keep) folders.delete(keep);
});
input.on('close', () => void stopEverything());

async function stopEverything() {
  for (const process of [...watched.values()].sort((a, b) => b.rank - a.rank)) await stop(process);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
}

async function stop({ pid, start, signal, graceMs }) {
  const isAlive = () => start !== undefined && processStart(pid) === start;
  if (isAlive()) {
    signalGroup(pid, signal);
    const deadline = Date.now() + graceMs;
    while (isAlive() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // Also when the leader went by itself: it may have left others of its group behind.
  signalGroup(pid, 'SIGKILL');
}
