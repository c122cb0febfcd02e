// The Temporal CLI from Temporal's own download site.
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { promisify } from 'node:util';
import { downloadProgress } from './download-progress.js';

export const TEMPORAL_CLI_VERSION = '1.9.1';

/** Behind a firewall a connection attempt may hang for minutes; then the next source is tried. */
const CONNECT_LIMIT_MS = 10_000;
/** A line that delivers nothing for so long is taken for dead. */
const STALL_LIMIT_MS = 30_000;

/** Returns the path of the unpacked program. */
export async function downloadOfficial(folder: string, report: (line: string) => void): Promise<string> {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (arch === undefined) throw new Error(`there is none for ${process.platform} ${process.arch}`);
  const url = `https://temporal.download/cli/archive/v${TEMPORAL_CLI_VERSION}?platform=${process.platform}&arch=${arch}`;
  report(`fetching the Temporal CLI ${TEMPORAL_CLI_VERSION} from temporal.download ...`);
  const archive = join(folder, 'temporal.tar.gz');
  await download(url, archive);
  await promisify(execFile)('tar', ['-xzf', archive, '-C', folder, 'temporal']);
  return join(folder, 'temporal');
}

async function download(url: string, file: string): Promise<void> {
  const abort = new AbortController();
  let timer = setTimeout(
    () => abort.abort(new Error(`no answer within ${CONNECT_LIMIT_MS / 1000} s`)),
    CONNECT_LIMIT_MS,
  );
  try {
    const response = await fetch(url, { signal: abort.signal }).catch((error: unknown) => {
      throw abort.signal.aborted ? (abort.signal.reason as Error) : reasonOf(error);
    });
    if (!response.ok || response.body === null) throw new Error(`the answer was HTTP ${response.status}`);
    const progress = downloadProgress('Temporal CLI', Number(response.headers.get('content-length') ?? 0));
    const watch = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(new Error('the transfer stalled')), STALL_LIMIT_MS);
        progress.add(chunk.length);
        done(null, chunk);
      },
    });
    try {
      const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
      await pipeline(body, watch, createWriteStream(file), { signal: abort.signal });
    } finally {
      progress.end();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says "fetch failed" and hides the reason, such as an unknown host, in the cause. */
function reasonOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? error.cause : error;
}
