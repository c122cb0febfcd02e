// Where a command's words go: data to stdout, so that it can be piped, everything else to stderr.
import { once } from 'node:events';
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  /** `done` of the total given at the start. */
  update(done: number): void;
  stop(): void;
}

export interface Output {
  readonly isJson: boolean;
  /** The result of the command: one JSON document, or text for people. */
  result(value: unknown, text: string | (() => string)): void;
  /** One of many results, as a line of JSON or of text. Resolves when there is room for more. */
  line(value: unknown, text: string): Promise<void>;
  /** For the person who watches. */
  note(text: string): void;
  /** A bar on stderr where somebody watches; nothing elsewhere. */
  progress(label: string, total: number): Progress;
}

export function output(isJson: boolean): Output {
  return {
    isJson,
    result(value, text) {
      process.stdout.write(`${isJson ? JSON.stringify(value) : typeof text === 'string' ? text : text()}\n`);
    },
    async line(value, text) {
      await writeOut(`${isJson ? JSON.stringify(value) : text}\n`);
    },
    note(text) {
      process.stderr.write(`${text}\n`);
    },
    progress,
  };
}

/** Write to stdout no faster than it is read. */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

function progress(label: string, total: number): Progress {
  if (!process.stderr.isTTY || total <= 0) return { update: () => undefined, stop: () => undefined };
  const bar = new SingleBar(
    { format: `${label} {bar} {percentage} % | {eta_formatted} left`, stream: process.stderr, clearOnComplete: true },
    Presets.shades_classic,
  );
  bar.start(total, 0);
  return { update: (done) => bar.update(Math.min(done, total)), stop: () => bar.stop() };
}

export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
