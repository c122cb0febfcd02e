// The processes of an installation: migrations, worker, gateway, and the sandbox that stands in for a network.
import { join } from 'node:path';
import type { Command } from 'commander';
import { BlocklistError } from '../../domain/errors.js';
import { runs } from '../command.js';
import { connectionSettings } from '../connection.js';
import { wholeNumber } from '../options.js';

export function registerServices(program: Command): void {
  const migrate = program
    .command('migrate')
    .summary('bring the database up to date')
    .description('Bring the database to the schema of this program.');
  runs(migrate, async (out) => {
    const { databaseUrl } = databaseOnly();
    const { migrate: apply } = await import('../../storage/migrate.js');
    const done = await apply(databaseUrl);
    out.result(
      done,
      done.applied.length === 0
        ? `nothing to do, the schema is at ${done.version}`
        : `applied ${done.applied.join(', ')}; the schema is at ${done.version}`,
    );
  });

  program
    .command('worker')
    .summary('run the shared workers')
    .description('Run the shared workers: sends, opt-outs, replies and broadcasts. SIGTERM ends it in good order.')
    .action(async () => {
      // Before anything is loaded: a signal that comes early must not end it any less properly.
      const stopping = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopping.abort());
      const { config } = await connectionSettings();
      const { runWorker } = await import('../../plugin/run-worker.js');
      await runWorker(config, { signal: stopping.signal, log: (line) => process.stderr.write(`${line}\n`) });
      // Nothing is to be waited for, not even a server that was still being connected to.
      process.exit();
    });

  program
    .command('gateway')
    .summary('run the HTTP server')
    .description('Run the HTTP server: API, inbound webhooks, opt-out pages. SIGTERM ends it in good order.')
    .option(
      '--allow-loopback-webhooks',
      'without BLOCKLIST_WEBHOOK_SECRET: take webhooks from this machine, and listen on it alone',
    )
    .action(async (options: { readonly allowLoopbackWebhooks?: boolean }) => {
      const { config } = await connectionSettings();
      const { startGateway } = await import('../../gateway/server.js');
      await startGateway(config, {
        handleSignals: true,
        allowLoopbackWebhooks: options.allowLoopbackWebhooks === true,
      });
    });

  program
    .command('sandbox')
    .summary('run a network that sends nothing')
    .description('Run a network that sends nothing: it logs what it is given, and replies by script.')
    .option('--port <port>', 'default: BLOCKLIST_SANDBOX_PORT, else any free one', wholeNumber('--port', 0, 65_535))
    .option('--host <address>', 'default: BLOCKLIST_SANDBOX_HOST, else 127.0.0.1: it has no authentication')
    .option('--log <file>', 'default: BLOCKLIST_SANDBOX_LOG, else where `blocklist dev` keeps its data')
    .option(
      '--reports <percent>',
      'messages that get a delivery report; default: BLOCKLIST_SANDBOX_REPORTS, else 100',
      wholeNumber('--reports', 0, 100),
    )
    .action(async (options: SandboxFlags) => runSandboxProcess(options));
}

/** Migrations need no key. */
function databaseOnly(): { readonly databaseUrl: string } {
  const databaseUrl = process.env['BLOCKLIST_DATABASE_URL'];
  if (databaseUrl === undefined || !/^postgres(ql)?:\/\//.test(databaseUrl)) {
    throw new BlocklistError('CONFIGURATION', 'BLOCKLIST_DATABASE_URL is not set to a postgres:// URL.');
  }
  return { databaseUrl };
}

interface SandboxFlags {
  readonly port?: number;
  readonly host?: string;
  readonly log?: string;
  readonly reports?: number;
}

async function runSandboxProcess(options: SandboxFlags): Promise<void> {
  const env = process.env;
  const { runSandbox } = await import('../../providers/sandbox/run-sandbox.js');
  const { projectCacheFolder } = await import('../../dev/folders.js');
  const port = options.port ?? wholeNumber('BLOCKLIST_SANDBOX_PORT', 0, 65_535)(env['BLOCKLIST_SANDBOX_PORT'] || '0');
  const host = options.host ?? (env['BLOCKLIST_SANDBOX_HOST'] || '127.0.0.1');
  const reports =
    options.reports ?? wholeNumber('BLOCKLIST_SANDBOX_REPORTS', 0, 100)(env['BLOCKLIST_SANDBOX_REPORTS'] || '100');
  const gatewayUrl = env['BLOCKLIST_GATEWAY_URL'];
  const webhookSecret = env['BLOCKLIST_WEBHOOK_SECRET'];
  const running = await runSandbox({
    logFile: options.log ?? env['BLOCKLIST_SANDBOX_LOG'] ?? join(projectCacheFolder(env), 'sandbox', 'messages.jsonl'),
    port,
    host,
    ...(gatewayUrl ? { gatewayUrl } : {}),
    ...(webhookSecret ? { webhookSecret } : {}),
    reportsShare: reports / 100,
    handleSignals: true,
    warn: (message) => process.stderr.write(`sandbox: ${message}\n`),
  });
  process.stderr.write(`sandbox: serving at ${running.url}\n`);
}
