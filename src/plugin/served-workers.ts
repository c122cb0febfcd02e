// Runs the shared workers inside a team's own process, while at least one of its workers with the plugin runs.
import type { Worker } from '@temporalio/worker';
import { BlocklistError } from '../domain/errors.js';
import type { CodecKey } from './codec-keys.js';
import type { OpenedActivities } from './serve.js';
import type { SharedWorkers, SharedWorkersOptions } from './shared-workers.js';

export interface ServeOptions extends Pick<SharedWorkersOptions, 'workflowBundle' | 'workerOptions'> {
  /** BLOCKLIST_DATABASE_URL, BLOCKLIST_HASH_KEY and the other settings of a shared worker. Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Told about faults that are tried again anyway. */
  readonly report?: (what: string) => void;
}

interface Running {
  readonly workers: SharedWorkers;
  /** Settles when they have stopped and everything is closed. */
  readonly ended: Promise<void>;
}

export class ServedWorkers {
  #users = 0;
  #running: Promise<Running> | undefined;

  constructor(
    private readonly options: ServeOptions,
    private readonly codecKeys: readonly CodecKey[],
  ) {}

  /** Run `main`, the team's worker, beside the shared workers. If those fail, it is stopped and the failure is thrown. */
  async around(worker: Worker, main: () => Promise<void>): Promise<void> {
    this.#users += 1;
    try {
      const stopWorker = (): void => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
      };
      const shared = await (this.#running ??= this.#start(worker)).catch(async (error: unknown) => {
        // A worker that never ran would hold its connection for ever.
        const run = main();
        stopWorker();
        await run;
        throw error;
      });
      shared.ended.then(stopWorker, stopWorker);
      await main();
    } finally {
      this.#users -= 1;
      if (this.#users === 0) await this.#stop();
    }
  }

  async #start(worker: Worker): Promise<Running> {
    // Loaded only here: a team without `serve` needs nothing of it.
    const { startSharedWorkers } = await import('./shared-workers.js');
    const { workflowBundle, workerOptions } = this.options;
    const opened = await this.#openActivities(worker);
    const { connection, namespace } = worker.options;
    try {
      const workers = await startSharedWorkers({
        activities: opened.single,
        bulkActivities: opened.bulk,
        namespace,
        codecKeys: this.codecKeys,
        // A worker that was given no connection closes its own one before the shared workers have stopped.
        ...(connection === undefined ? {} : { connection }),
        ...(workflowBundle === undefined ? {} : { workflowBundle }),
        ...(workerOptions === undefined ? {} : { workerOptions }),
      });
      return { workers, ended: workers.run().finally(() => opened.close()) };
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  async #openActivities({ client }: Worker): Promise<OpenedActivities> {
    const [{ openActivities }, { readConfig }] = await Promise.all([import('./serve.js'), import('../config.js')]);
    if (client === undefined) throw new BlocklistError('CONFIGURATION', 'a worker without a connection cannot serve');
    const { environment, report } = this.options;
    return openActivities(readConfig(environment), { client, ...(report === undefined ? {} : { report }) });
  }

  async #stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    // What could not be started has been reported by `around` already.
    const shared = await running?.catch(() => undefined);
    shared?.workers.shutdown();
    await shared?.ended;
  }
}
