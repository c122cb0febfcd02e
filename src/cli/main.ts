#!/usr/bin/env node
// The `blocklist` command. Everything it does stands in commands/; this file only starts it and ends it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../dev/folders.js';
import { fail } from './failures.js';
import { createProgram } from './program.js';

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { version } = JSON.parse(readFileSync(join(packageFolder(), 'package.json'), 'utf8')) as { version: string };
try {
  await createProgram(version).parseAsync();
} catch (error) {
  process.exitCode = fail(error, process.argv.includes('--json'));
}
