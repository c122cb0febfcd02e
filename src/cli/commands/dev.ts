// blocklist dev: everything on this machine, and the demo that `npm start` shows.
import type { Command } from 'commander';
import { environmentFile, stackSettings } from '../../dev/environment-file.js';
import { projectCacheFolder } from '../../dev/folders.js';
import { stackStatus } from '../../dev/stack-state.js';
import { runs } from '../command.js';
import { embeddedEnvironment } from '../connection.js';
import { EXIT, type ExitCode } from '../exit-codes.js';

interface Options {
  readonly once?: boolean;
  /** False with `--no-demo`. */
  readonly demo: boolean;
}

export function registerDev(program: Command): void {
  const dev = program
    .command('dev')
    .summary('run everything on this machine')
    .description(
      'Run Postgres, Temporal, sandbox, gateway and worker on this machine, with a demo, until Ctrl-C. Data and keys stay in ' +
        'BLOCKLIST_CACHE_DIR; without it in .cache of the checkout, or, for an installed package, in a folder of yours for ' +
        'the directory you are in. BLOCKLIST_DATABASE_URL and TEMPORAL_ADDRESS replace the embedded servers.',
    )
    .option('--once', 'end after the tables of the demo, with status 1 if they are wrong')
    .option('--no-demo', 'only bring everything up')
    .action(async (options: Options) => {
      process.exitCode = await runStack(options);
    });
  const status = dev
    .command('status')
    .summary('list the parts that run')
    .description('The parts of the stack that run here.');
  runs(status, async (out) => {
    const parts = stackStatus(projectCacheFolder());
    const lines = parts.map(({ name, pid, port }) => `${name.padEnd(10)} pid ${pid}, port ${port}`);
    out.result(parts, parts.length === 0 ? 'nothing runs here; start it with `npm start`' : lines.join('\n'));
  });
  const settings = dev
    .command('env')
    .summary('print the settings of the running stack')
    .description(
      'The settings of the stack that runs here, keys included, for workers and services of yours: write them to a file ' +
        'and start Node with --env-file.',
    );
  runs(settings, async (out) => {
    const found = stackSettings(embeddedEnvironment());
    out.result(found, environmentFile(found));
  });
}

async function runStack(options: Options): Promise<ExitCode> {
  const { startStack } = await import('../../dev/stack.js');
  const stack = await startStack();
  const { gatewayUrl, temporalUiUrl, temporalAddress } = stack;
  let exit: ExitCode = EXIT.ok;
  try {
    if (options.demo) {
      const { runDemo } = await import('../../dev/demo/demo.js');
      const { ok } = await runDemo(stack, { once: options.once === true });
      if (!ok) {
        process.stderr.write('blocklist: the demo was interrupted, or its tables are wrong\n');
        if (options.once === true) exit = EXIT.failure;
      }
    } else {
      process.stderr.write(
        `serving: gateway ${gatewayUrl}, Temporal ${temporalAddress}` +
          `${temporalUiUrl === undefined ? '' : `, Temporal Web ${temporalUiUrl}`}\nAPI key: ${stack.apiKey}\n`,
      );
    }
    if (options.once !== true) await stack.wait();
  } finally {
    await stack.stop();
  }
  return exit;
}
