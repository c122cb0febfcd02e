// The bundle of the ready workflows that the shared workers carry. Made once when this software is built; a start from
// sources, or beside another version of Temporal's packages, makes it anew.
import { existsSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, type WorkflowBundleOption } from '@temporalio/worker';

/** Beside the compiled file it is compiled, too. */
const WORKFLOWS = fileURLToPath(new URL(`../../workflows/index${extname(import.meta.url)}`, import.meta.url));

/** A bundle fits only the version of the worker that made it. */
function bundlePath(): string {
  const load = createRequire(import.meta.url);
  const { version } = load('@temporalio/worker/package.json') as { version: string };
  return fileURLToPath(new URL(`../../workflows/ready-${version}.bundle.js`, import.meta.url));
}

let bundling: Promise<WorkflowBundleOption> | undefined;

/** What to pass to a worker as `workflowBundle`. */
export function readyWorkflows(): Promise<WorkflowBundleOption> {
  bundling ??= existsSync(bundlePath()) ? Promise.resolve({ codePath: bundlePath() }) : bundle();
  return bundling;
}

/** Part of the build. Returns where the bundle is. */
export async function writeReadyWorkflows(): Promise<string> {
  const { code } = await bundle();
  writeFileSync(bundlePath(), code);
  return bundlePath();
}

function bundle(): Promise<{ readonly code: string }> {
  return bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: new DefaultLogger('WARN') });
}
