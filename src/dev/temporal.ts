// The real Temporal server as its CLI carries it, set up for a project: data in a file, our search attributes, our payload codec
// in the web interface.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { Connection } from '@temporalio/client';
import type { Program } from './program.js';

/** All of type Keyword. */
export const SEARCH_ATTRIBUTES = ['BlocklistAccount', 'BlocklistFlow', 'BlocklistCampaign', 'BlocklistPhase'];

const DYNAMIC_CONFIG = {
  // The defaults guard a shared cluster (2,400 calls a second for a namespace); on one's own machine they only slow campaigns.
  'frontend.namespaceRPS': 20_000,
  'frontend.rps': 20_000,
  'matching.rps': 20_000,
  'history.rps': 20_000,
  // Accounts take turns at the queue of pages instead of standing in one line.
  'matching.enableFairness': true,
};

export interface TemporalOptions {
  /** Path of the Temporal CLI. */
  readonly cli: string;
  readonly port: number;
  readonly uiPort: number;
  readonly logFile: string;
  /** Without a file everything is gone when the server ends. */
  readonly databaseFile?: string;
  /** Base address of the codec that lets the web interface show payloads. */
  readonly codecUrl?: string;
  /** Further arguments for the CLI. */
  readonly extraArgs?: readonly string[];
}

export interface TemporalServer {
  readonly program: Program;
  readonly address: string;
  readonly uiUrl: string;
  /** True as soon as the default namespace can be used. */
  isReady(): Promise<boolean>;
}

export function prepareTemporal(options: TemporalOptions): TemporalServer {
  const address = `127.0.0.1:${options.port}`;
  return {
    program: {
      name: 'temporal',
      command: options.cli,
      args: serverArgs(options),
      // The CLI's own configuration files and variables are about the user's clusters, not about this server.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      logFile: options.logFile,
      stopSignal: 'SIGTERM',
      graceMs: 15_000,
      rank: 2,
      // Between finding a free port for one of its inner services and using it, another program may take it; it then panics.
      startAttempts: 3,
    },
    address,
    uiUrl: `http://127.0.0.1:${options.uiPort}`,
    isReady: () => isServing(address),
  };
}

function serverArgs(options: TemporalOptions): string[] {
  const args = [
    'server',
    'start-dev',
    '--ip',
    '127.0.0.1',
    '--port',
    String(options.port),
    '--ui-port',
    String(options.uiPort),
  ];
  args.push('--log-level', 'warn');
  for (const name of SEARCH_ATTRIBUTES) args.push('--search-attribute', `${name}=Keyword`);
  for (const [key, value] of Object.entries(DYNAMIC_CONFIG)) args.push('--dynamic-config-value', `${key}=${value}`);
  if (options.codecUrl !== undefined) args.push('--ui-codec-endpoint', options.codecUrl);
  if (options.databaseFile !== undefined) {
    mkdirSync(dirname(options.databaseFile), { recursive: true, mode: 0o700 });
    args.push('--db-filename', options.databaseFile);
    // With a write-ahead log a killed server loses nothing, and a commit does not wait for the disk.
    args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL');
  }
  return [...args, ...(options.extraArgs ?? [])];
}

async function isServing(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    await connection.workflowService.describeNamespace({ namespace: 'default' });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
