// The command line as a whole: its commands, its help, and what its exit status means.
import { Command } from 'commander';
import { registerAccounts } from './commands/accounts.js';
import { registerAdd } from './commands/add.js';
import { registerBroadcast } from './commands/broadcast.js';
import { registerCheck } from './commands/check.js';
import { registerDev } from './commands/dev.js';
import { registerExport } from './commands/export.js';
import { registerHalts } from './commands/halts.js';
import { registerImport } from './commands/import.js';
import { registerImports } from './commands/imports.js';
import { registerKeys } from './commands/keys.js';
import { registerKeyword } from './commands/keyword.js';
import { registerLedger } from './commands/ledger.js';
import { registerLinkBursts } from './commands/link-bursts.js';
import { registerRemove } from './commands/remove.js';
import { registerReplies } from './commands/replies.js';
import { registerReport } from './commands/report.js';
import { registerServices } from './commands/services.js';
import { registerSubject } from './commands/subject.js';
import { registerWhy } from './commands/why.js';
import { EXIT_CODES } from './exit-codes.js';

const ENVIRONMENT = `
Database and Temporal are found by BLOCKLIST_DATABASE_URL, BLOCKLIST_HASH_KEY and TEMPORAL_*; without the first two, the
stack that \`blocklist dev\` or \`npm start\` runs here is used. Data goes to stdout, messages to stderr.`;

export function createProgram(version: string): Command {
  const program = new Command('blocklist')
    .description('Do Not Contact as a property of the platform.')
    .version(version)
    .showHelpAfterError(false)
    .exitOverride()
    // Errors are told in one line, in one place; see failures.ts. Help asked for by mistake still goes to stderr.
    .configureOutput({ writeErr: (text) => void (text.startsWith('error:') || process.stderr.write(text)) })
    .addHelpText('after', () =>
      [ENVIRONMENT, '', 'Exit status:', ...EXIT_CODES.map(({ code, meaning }) => `  ${code}  ${meaning}`)].join('\n'),
    );
  registerDev(program);
  registerServices(program);
  registerBroadcast(program);
  registerAdd(program);
  registerRemove(program);
  registerImport(program);
  registerImports(program);
  registerExport(program);
  registerHalts(program);
  registerCheck(program);
  registerWhy(program);
  registerSubject(program);
  registerLinkBursts(program);
  registerReport(program);
  registerLedger(program);
  registerKeyword(program);
  registerAccounts(program);
  registerKeys(program);
  registerReplies(program);
  return program;
}
