// The package as strangers get it: packed, installed into an empty project, and used with ten lines of flow and worker.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageFolder } from '../src/dev/folders.js';

/** The files that the README shows, each named in its first line. */
const SOURCES = [
  ...readFileSync(join(packageFolder(), 'README.md'), 'utf8').matchAll(/^```ts\n(\/\/ (src\/\S+\.ts)\n[^]*?)^```/gm),
];

/** The remaining entry; nothing runs a declared flow yet. */
const DECLARED = `import { defineFlow } from 'temporal-blocklist/flows';
const elements = { bye: { type: 'exit' } } as const;
export const flow = defineFlow({ name: 'hello', campaign: 'spring', start: 'bye', entry: [{ type: 'api' }], elements });`;

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

const folder = mkdtempSync(join(tmpdir(), 'temporal-blocklist-consumer-'));
// As root, Postgres runs as another user, who must get through to the data.
chmodSync(folder, 0o755);
const project = join(folder, 'project');
const children: ChildProcess[] = [];
// Neither settings of this process nor npm's of this checkout reach the project.
const env: NodeJS.ProcessEnv = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config_cache)|BLOCKLIST_|TEMPORAL_(?!CLI)|VITEST|NODE_)/.test(name),
    ),
  ),
  XDG_DATA_HOME: join(folder, 'data'),
};
let packed: Packed;

beforeAll(async () => {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], packageFolder());
  packed = (JSON.parse(stdout) as [Packed])[0];
  mkdirSync(join(project, 'src'), { recursive: true });
  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  const compilerOptions = { target: 'ES2022', module: 'NodeNext', strict: true, outDir: 'dist', types: ['node'] };
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { ...compilerOptions, skipLibCheck: false }, include: ['src'] }),
  );
  for (const [, text = '', path = ''] of SOURCES) write(path, text);
  const temporal = ['client', 'envconfig', 'worker', 'workflow'].map((name) => `@temporalio/${name}`);
  // The types of Temporal's own packages need those of `ms`.
  const packages = [join(folder, packed.filename), ...temporal, 'typescript@5.9', '@types/node@20', '@types/ms@2'];
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages], project);
}, 300_000);

afterAll(async () => {
  for (const child of children.reverse()) await stop(child);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 60_000);

describe('the packed files', () => {
  it('are the program, its migrations and workflows, and none of its tests', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const needed of [
      'README.md',
      'dist/src/storage/migrations/0001_schema.sql',
      'dist/src/plugin/failure-converter.cjs',
      'dist/src/dev/guard-process.mjs',
    ]) {
      expect(paths).toContain(needed);
    }
    expect(paths.filter((path) => path.endsWith('.bundle.js'))).toHaveLength(1);
    expect(
      paths.filter((path) =>
        /(^|\/)(test|bench)\/|\.(test|tsbuildinfo)|^(?!dist\/|package\.json$|README\.md$)/.test(path),
      ),
    ).toEqual([]);
    const bin = packed.files.find(({ path }) => path === 'dist/src/cli/main.js');
    expect((bin?.mode ?? 0) & 0o111).toBe(0o111);
  });
});

describe('an empty project with the package', () => {
  it('compiles flows, worker, service and test against its types, strictly', async () => {
    expect(SOURCES.map(([, , path]) => path)).toEqual([
      'src/flows.ts',
      'src/worker.ts',
      'src/service.ts',
      'src/test.ts',
    ]);
    write('src/declared.ts', DECLARED);
    await run(process.execPath, [join(project, 'node_modules/typescript/bin/tsc')], project);
  }, 120_000);

  it('runs its flow on the stack of the installed command: sent, and blocked after the reply', async () => {
    const stack = launch(['node_modules/.bin/blocklist', 'dev', '--no-demo']);
    await stack.said('serving: gateway');
    const { stdout } = await run('node_modules/.bin/blocklist', ['dev', 'env'], project);
    write('.env', stdout);
    const worker = launch([process.execPath, '--env-file=.env', 'dist/worker.js']);
    await worker.said('RUNNING');
    const service = launch([process.execPath, '--env-file=.env', 'dist/service.js']);

    const settings = JSON.parse(
      (await run('node_modules/.bin/blocklist', ['dev', 'env', '--json'], project)).stdout,
    ) as Record<string, string>;
    const sandbox = settings['BLOCKLIST_SANDBOX_URL'];
    let texts: string[] = [];
    while (texts.length === 0) {
      const answer = await fetch(`${sandbox}/messages?to=385915550123`);
      texts = ((await answer.json()) as { messages: { text: string }[] }).messages.map(({ text }) => text);
    }
    expect(texts).toEqual(['Come and see us! Reply YES, or STOP to end.']);
    const reply = { from: '385915550123', to: '10950', channel: 'SMS', text: 'Stop' };
    expect((await fetch(`${sandbox}/replies`, { method: 'POST', body: JSON.stringify(reply) })).status).toBe(200);

    const [status] = (await once(service.child, 'exit')) as [number | null];
    expect(status, service.output()).toBe(0);
    const [first, second] = service
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(first).toMatchObject({ outcome: 'optedOut' });
    expect(second).toMatchObject({
      outcome: 'blocked',
      code: { error: { name: 'EC_BLACKLISTED_DESTINATIONADDRESS' } },
      explanation: { source: 'MO', campaign: 'spring' },
    });
    const why = await run('node_modules/.bin/blocklist', ['why', '+385915550123', '--json'], project);
    const { messages } = JSON.parse(why.stdout) as { messages: { kind: string; state: string }[] };
    // The confirmation leaves beside the second flow's run, before or after it.
    expect(messages.map(({ kind, state }) => `${kind} ${state}`).sort()).toEqual([
      'confirmation sent',
      'message blocked',
      'message sent',
    ]);
  }, 240_000);

  it('tests its flow with the testing entry alone', async () => {
    await run(process.execPath, ['dist/test.js'], project);
  }, 240_000);
});

function write(path: string, text: string): void {
  writeFileSync(join(project, path), text);
}

/** To its end; what it said is in the error. */
async function run(command: string, args: readonly string[], cwd: string): Promise<{ stdout: string }> {
  try {
    return await promisify(execFile)(command, [...args], { cwd, env, maxBuffer: 1 << 26 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

interface Launched {
  readonly child: ChildProcess;
  readonly output: () => string;
  said(text: string): Promise<void>;
}

function launch([command = '', ...args]: readonly string[]): Launched {
  const child = spawn(command, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  return {
    child,
    output: () => output,
    async said(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`${command} ${args.join(' ')} ended:\n${output}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
