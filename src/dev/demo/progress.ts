// How far a campaign has come, on stderr: a bar where somebody watches, a line at the end elsewhere.
import { setTimeout as sleep } from 'node:timers/promises';
import { Presets, SingleBar } from 'cli-progress';

const LOOK_EVERY_MS = 400;

/** Shows what `decided` tells, until `work` is done. A look that fails is left out: it is only for the eye. */
export async function withProgress<T>(
  name: string,
  total: number,
  decided: () => Promise<number>,
  work: Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return work;
  const format = `  ${name} {bar} {value} of {total} contacts | {duration} s`;
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
  bar.start(total, 0);
  const ended = work.then(
    () => true,
    () => true,
  );
  try {
    while ((await Promise.race([ended, sleep(LOOK_EVERY_MS)])) !== true) {
      bar.update(Math.min(total, await decided().catch(() => 0)));
    }
    return await work;
  } finally {
    bar.stop();
  }
}
