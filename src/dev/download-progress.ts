// A progress bar on stderr for downloads; where nobody watches, nothing.
import { Presets, SingleBar } from 'cli-progress';

const MEGABYTE = 1_000_000;

export interface Progress {
  add(bytes: number): void;
  end(): void;
}

/** A total of 0 means that it is not known. */
export function downloadProgress(name: string, totalBytes: number): Progress {
  if (!process.stderr.isTTY || totalBytes === 0) return { add: () => undefined, end: () => undefined };
  const format = `${name} {bar} {percentage} % | {value} of {total} MB`;
  const bar = new SingleBar({ format, stream: process.stderr, clearOnComplete: true }, Presets.shades_classic);
  bar.start(Math.ceil(totalBytes / MEGABYTE), 0);
  let received = 0;
  return {
    add: (bytes) => bar.update(Math.ceil((received += bytes) / MEGABYTE)),
    end: () => bar.stop(),
  };
}
