// Refuses registrations that would work only half, with what to do instead. Temporal itself says nothing in these cases.
import { readFileSync } from 'node:fs';
import type { WorkerOptions } from '@temporalio/worker';
import { BlocklistError } from '../domain/errors.js';
import { ACTIVITY_NAMES, PLUGIN_NAME, TASK_QUEUES } from '../domain/names.js';

/** Texts that the workflow side carries, see `workflows/steps/{step,run-flow}.ts`. */
const STEPS_MARK = 'temporal-blocklist/steps';
const INTERCEPTOR_MARK = 'temporal-blocklist/interceptor';

/** Temporal hands a connection's plugins to the workers and clients made with it, and drops no doubles. */
export function refuseDouble(plugins: readonly { readonly name: string }[] | undefined): void {
  const count = plugins?.filter(({ name }) => name === PLUGIN_NAME).length ?? 0;
  if (count > 1) {
    throw configuration(
      `BlocklistPlugin is registered ${count} times here. Put it into the plugins of the Worker and of the Client, once each, ` +
        'and not into those of the connection, which hands its plugins on to both',
    );
  }
}

export function refuseReservedNames({ taskQueue, activities }: WorkerOptions): void {
  if (Object.values<string>(TASK_QUEUES).includes(taskQueue ?? '')) {
    throw configuration(
      `the task queue ${taskQueue} belongs to the shared blocklist workers: choose another one for yours, ` +
        'and pass `serve` to BlocklistPlugin to run the shared workers in this process',
    );
  }
  const taken = ACTIVITY_NAMES.filter((name) => activities !== undefined && Object.hasOwn(activities, name));
  if (taken.length > 0) {
    throw configuration(`activities named ${taken.join(', ')} belong to temporal-blocklist: rename yours`);
  }
}

/** Preloaded modules are shared by all executions and frozen; what a flow remembers must be its own. */
export function refusePreloading(preloadModules: readonly string[] | undefined): void {
  if (preloadModules?.some((name) => /^temporal-blocklist(\/|$)/.test(name)) === true) {
    throw configuration('temporal-blocklist cannot be among `preloadModules`: its steps keep state for each execution');
  }
}

/** The shared workers use the same connection and would be given the plugin, too. */
export function refuseServingConnection(): never {
  throw configuration(
    'BlocklistPlugin with `serve` belongs into the plugins of the Worker, not into those of the connection',
  );
}

/** A bundle with steps but without the interceptor: an opt-out could not end its flows. */
export function refuseForeignBundle(bundle: WorkerOptions['workflowBundle']): void {
  if (bundle === undefined) return;
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
  if (code.includes(STEPS_MARK) && !code.includes(INTERCEPTOR_MARK)) {
    throw configuration(
      'the workflow bundle uses temporal-blocklist/workflow but was made without BlocklistPlugin: ' +
        'pass `plugins: [new BlocklistPlugin()]` to bundleWorkflowCode as well',
    );
  }
}

function configuration(message: string): BlocklistError {
  return new BlocklistError('CONFIGURATION', message);
}
