// The README shows the flows that run, and the commands that exist.
import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect, it } from 'vitest';
import { createProgram } from '../src/cli/program.js';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it.each(['win-back', 'appointment'])('the README shows the example flow %s as it runs', (name) => {
  const shown = read(`src/dev/examples/${name}.ts`).replace(
    '../../../workflows/steps/index.js',
    'temporal-blocklist/workflow',
  );
  expect(read('README.md')).toContain(shown.trim());
});

it('every other program it shows is one that the consumer test compiles and runs', () => {
  const blocks = [...read('README.md').matchAll(/^```ts\n([^\n]*)/gm)].map(([, first]) => first);
  expect(
    blocks.filter((first) => !/^\/\/ (Example: |src\/(flows|worker|service|test)\.ts$)/.test(first ?? '')),
  ).toEqual([]);
});

it('documents exactly the variables that the program reads', () => {
  const files = readdirSync(new URL('../src', import.meta.url), { recursive: true }) as string[];
  const code = files.filter((path) => /\.m?ts$/.test(path)).map((path) => `src/${path}`);
  const used = code.flatMap((path) => read(path).match(/\bBLOCKLIST_[A-Z_]+\b/g) ?? []);
  const documented = read('README.md').match(/\bBLOCKLIST_[A-Z_]+\b/g) ?? [];
  expect([...new Set(documented)].sort()).toEqual([...new Set(used)].sort());
});

/** In the introduction to the table of commands. */
const SHARED = ['--help', '--version', '--json', '--account', '--actor', '--default-country'];

function commands(
  parent: Command,
  path: readonly string[] = [],
): { readonly name: string; readonly options: string[] }[] {
  return parent.commands.flatMap((command) => {
    const names = [...path, command.name()];
    const options = command.options.map(({ long }) => long ?? '').filter((long) => !SHARED.includes(long));
    const isDone = command.commands.length === 0 || options.length > 0;
    return [...(isDone ? [{ name: names.join(' '), options }] : []), ...commands(command, names)];
  });
}

it('documents every command with its options, and none that is not there', () => {
  const rows = [...read('README.md').matchAll(/^\| `([a-z -]+?)( <\w+>)?` +\| [^|]+\| *([^|]*?) *\|$/gm)];
  const documented = rows.map(([, name, , options = '']) => ({ name, options: options.match(/--[a-z-]+/g) ?? [] }));
  expect(documented).toEqual(commands(createProgram('0')));
});

it('shows no command that the program does not accept', () => {
  const known = commands(createProgram('0'));
  const shown = [...read('README.md').matchAll(/(?:^|`|npx )blocklist ([a-z][^`\n>]*)/gm)].map(([, words = '']) =>
    words.trim(),
  );
  expect(shown.length).toBeGreaterThan(4);
  for (const words of shown) {
    const command =
      known.find(({ name }) => `${words} `.startsWith(`${name} `)) ??
      known.find(({ name }) => name.startsWith(`${words} `));
    expect(command, `blocklist ${words}`).toBeDefined();
    for (const option of words.match(/--[a-z-]+/g) ?? []) {
      expect(
        [...SHARED, ...(known.find(({ name }) => words.startsWith(name))?.options ?? [])],
        `blocklist ${words}`,
      ).toContain(option);
    }
  }
});

it('verify contains exactly the test command of the README', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(read('README.md')).toContain('\nnpm test ');
  expect(scripts['verify']).toMatch(/&& npm test$/);
});
