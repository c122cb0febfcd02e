// Everything the demo works with, opened for one run on one stack, and closed in reverse.
import { readConfig } from '../../config.js';
import { BlocklistError } from '../../domain/errors.js';
import { auditStore, type AuditStore } from '../../storage/audit.js';
import { openStorage, type Storage } from '../../storage/storage.js';
import type { Stack } from '../stack.js';
import { commandLine, type CommandLine } from './command-line.js';
import { writeContactFiles, type ContactFiles } from './contact-files.js';
import { connectGateway, type Gateway } from './gateway.js';
import { connectNetwork, type Network } from './network.js';
import { makePeople, type People } from './people.js';
import { newRun, type Run } from './run.js';
import { connectTemporal, type DemoTemporal } from './temporal.js';

export interface Stage {
  readonly stack: Stack;
  readonly cacheDir: string;
  /** Ends everything that waits. */
  readonly signal: AbortSignal;
  readonly run: Run;
  readonly people: People;
  readonly files: ContactFiles;
  readonly commands: CommandLine;
  readonly gateway: Gateway;
  readonly network: Network;
  readonly storage: Storage;
  readonly audit: AuditStore;
  readonly temporal: DemoTemporal;
  /** To be closed with the rest, before what was opened earlier. */
  onClose(closing: () => Promise<unknown>): void;
  close(): Promise<void>;
}

const CONNECTIONS = 4;

export async function setStage(stack: Stack, signal: AbortSignal): Promise<Stage> {
  const config = readConfig(stack.environment);
  const cacheDir = stack.environment['BLOCKLIST_CACHE_DIR'];
  if (cacheDir === undefined) {
    throw new BlocklistError('CONFIGURATION', 'BLOCKLIST_CACHE_DIR is not set: the demo keeps its files there.');
  }
  const closings: (() => Promise<unknown>)[] = [];
  let isClosed = false;
  const close = async (): Promise<void> => {
    isClosed = true;
    // On the way down a server may be gone already; the next one is closed all the same.
    for (const closing of closings.splice(0).reverse()) await closing().catch(() => undefined);
  };
  try {
    const storage = await openStorage({ ...config, connections: CONNECTIONS, applicationName: 'blocklist-demo' });
    closings.push(() => storage.close());
    const temporal = await connectTemporal(stack.environment, signal);
    const run = newRun(new Date());
    const people = makePeople(run);
    return {
      stack,
      cacheDir,
      signal,
      run,
      people,
      files: writeContactFiles(cacheDir, run, people),
      commands: commandLine(stack.environment, signal),
      gateway: connectGateway(stack.gatewayUrl, stack.apiKey, signal),
      network: connectNetwork(stack.sandboxUrl, signal),
      storage,
      audit: auditStore(storage.db),
      temporal,
      onClose(closing) {
        closings.push(closing);
        // It was still being opened when everything else was closed.
        if (isClosed) void close();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
