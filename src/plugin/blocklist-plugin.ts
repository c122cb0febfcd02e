// What a team registers on its own worker and client. Composes codec, interceptor and, on request, the shared workers.
import type { ClientOptions } from '@temporalio/client';
import { SimplePlugin } from '@temporalio/plugin';
import type {
  BundleOptions,
  NativeConnectionOptions,
  ReplayWorkerOptions,
  Worker,
  WorkerOptions,
} from '@temporalio/worker';
import { PLUGIN_NAME } from '../domain/names.js';
import type { CodecKey } from './codec-keys.js';
import { codecKeysOf, FAILURE_CONVERTER_PATH, withCodec } from './data-converter.js';
import {
  refuseDouble,
  refuseForeignBundle,
  refusePreloading,
  refuseReservedNames,
  refuseServingConnection,
} from './registration.js';
import { ServedWorkers, type ServeOptions } from './served-workers.js';
import { INTERCEPTOR_PATH } from './interceptor-path.js';

export interface BlocklistPluginOptions {
  /** Run the shared workers in this process too, for as long as the worker with this plugin runs. */
  readonly serve?: ServeOptions;
  /** Keys of the payload codec, as `keyId:base64,...` or parsed. Default: BLOCKLIST_CODEC_KEY; an empty list means no codec. */
  readonly codecKeys?: string | readonly CodecKey[];
}

/**
 * Register it once on each Worker, each Client and each call of `bundleWorkflowCode`, in their `plugins`:
 *
 * ```ts
 * const worker = await Worker.create({ connection, taskQueue, workflowsPath, plugins: [new BlocklistPlugin()] });
 * const client = new Client({ connection, plugins: [new BlocklistPlugin()] });
 * ```
 *
 * It adds a payload codec (if there are keys) and the interceptor by which an opt-out ends a flow; the user's own
 * interceptors, codecs and activities stay as they are. Replay needs it too: `Worker.runReplayHistory({ plugins })`.
 *
 * @throws BlocklistError `CONFIGURATION` when registered twice, beside names it needs, or with a bundle made without it.
 */
export class BlocklistPlugin extends SimplePlugin {
  readonly #keys: readonly CodecKey[];
  readonly #served: ServedWorkers | undefined;

  constructor(options: BlocklistPluginOptions = {}) {
    super({ name: PLUGIN_NAME });
    this.#keys = codecKeysOf(options.codecKeys);
    this.#served = options.serve === undefined ? undefined : new ServedWorkers(options.serve, this.#keys);
  }

  override configureClient(options: ClientOptions): ClientOptions {
    refuseDouble(options.plugins);
    return this.#convert(options);
  }

  override configureWorker(options: WorkerOptions): WorkerOptions {
    refuseDouble(options.plugins);
    refuseReservedNames(options);
    refuseForeignBundle(options.workflowBundle);
    // The interceptor comes in through the bundler, which a worker with `workflowsPath` passes its plugins to.
    return this.#convert(options);
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    refuseDouble(options.plugins);
    refuseForeignBundle(options.workflowBundle);
    return this.#convert(options);
  }

  override configureBundler(options: BundleOptions): BundleOptions {
    refuseDouble(options.plugins);
    refusePreloading(options.preloadModules);
    return {
      ...options,
      workflowInterceptorModules: [...(options.workflowInterceptorModules ?? []), INTERCEPTOR_PATH],
      ...(this.#keys.length > 0 && options.failureConverterPath === undefined
        ? { failureConverterPath: FAILURE_CONVERTER_PATH }
        : {}),
    };
  }

  override configureNativeConnection(options: NativeConnectionOptions): NativeConnectionOptions {
    if (this.#served !== undefined) refuseServingConnection();
    return options;
  }

  override runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    return this.#served === undefined ? next(worker) : this.#served.around(worker, () => next(worker));
  }

  #convert<T extends Pick<ClientOptions & WorkerOptions, 'dataConverter'>>(options: T): T {
    const dataConverter = withCodec(options.dataConverter, this.#keys);
    return dataConverter === undefined ? options : { ...options, dataConverter };
  }
}
