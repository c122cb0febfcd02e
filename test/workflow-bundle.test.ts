// The boundary of the workflow sandbox: what `temporal-blocklist/workflow` drags into a bundle.
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlocklistPlugin } from '../src/plugin/blocklist-plugin.js';
import { INTERCEPTOR_MARK } from '../workflows/steps/run-flow.js';
import { STEPS_MARK } from '../workflows/steps/step.js';
import { quietLogger } from './support/team.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STEPS = join(ROOT, 'workflows', 'steps', 'index.js');

describe('a workflow that imports only temporal-blocklist/workflow', () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    // Below the project, where Temporal's packages are found.
    await mkdir(join(ROOT, '.cache'), { recursive: true });
    folder = await mkdtemp(join(ROOT, '.cache', 'bundle-'));
    file = join(folder, 'flow.ts');
    writeFileSync(
      file,
      `import { sendMessage } from ${JSON.stringify(STEPS)};\n` +
        'export async function hello(to: { id: string }) {\n' +
        "  return sendMessage({ to, channel: 'SMS', sender: '1', text: 'Hello' });\n}\n",
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const modulesOf = (code: string): string[] =>
    [...code.matchAll(/^\/\*\*\*\/ "([^"]+)"/gm)].map(([, path]) => path ?? '');

  it('bundles, with nothing in it but steps, rules and Temporal', async () => {
    const { code } = await bundleWorkflowCode({ workflowsPath: file, logger: quietLogger });
    const modules = modulesOf(code);
    expect(modules.filter((path) => path.includes('workflows/steps/')).length).toBeGreaterThan(10);
    const packages = new Set(
      modules.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean),
    );
    // What Temporal's own workflow package needs, and not one more; zod would double the cost of every task.
    const bare = await bundleWorkflowCode({ workflowsPath: bareFlow(folder), logger: quietLogger });
    const ofTemporal = new Set(
      modulesOf(bare.code)
        .map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
        .filter(Boolean),
    );
    expect([...packages].filter((name) => !ofTemporal.has(name))).toEqual([]);
    expect(
      modules.filter((path) => /src\/(storage|providers|plugin|gateway|cli|dev)\/|activities\//.test(path)),
    ).toEqual([]);
    expect(code.length - bare.code.length).toBeLessThan(400_000);
  });

  it('is told from one that was made without the plugin', async () => {
    const { code } = await bundleWorkflowCode({ workflowsPath: file, logger: quietLogger });
    expect(code).toContain(STEPS_MARK);
    expect(code).not.toContain(INTERCEPTOR_MARK);
    const plugin = new BlocklistPlugin({ codecKeys: [] });
    expect(() => plugin.configureWorker({ taskQueue: 'team', workflowBundle: { code } })).toThrow(
      /made without BlocklistPlugin/,
    );
    expect(() => plugin.configureReplayWorker({ workflowBundle: { code } })).toThrow(/made without BlocklistPlugin/);
    const complete = await bundleWorkflowCode({ workflowsPath: file, logger: quietLogger, plugins: [plugin] });
    expect(complete.code).toContain(INTERCEPTOR_MARK);
    expect(() => plugin.configureWorker({ taskQueue: 'team', workflowBundle: complete })).not.toThrow();
  });

  it('carries the failure converter where payloads are encrypted', async () => {
    const plugins = [new BlocklistPlugin({ codecKeys: `k:${Buffer.alloc(32, 7).toString('base64')}` })];
    const { code } = await bundleWorkflowCode({ workflowsPath: file, logger: quietLogger, plugins });
    expect(modulesOf(code).some((path) => path.endsWith('failure-converter.cjs'))).toBe(true);
  });
});

function bareFlow(folder: string): string {
  const file = join(folder, 'bare.ts');
  writeFileSync(
    file,
    "import { sleep } from '@temporalio/workflow';\nexport async function bare() {\n  await sleep(1);\n}\n",
  );
  return file;
}
