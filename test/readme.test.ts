// The README shows the flows that run, and the commands that exist.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

it.each(['win-back', 'appointment'])('the README shows the example flow %s as it runs', (name) => {
  const shown = read(`src/dev/examples/${name}.ts`).replace(
    '../../../workflows/steps/index.js',
    'temporal-blocklist/workflow',
  );
  expect(read('README.md')).toContain(shown.trim());
});

it('verify contains exactly the test command of the README', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(read('README.md')).toContain('\nnpm test ');
  expect(scripts['verify']).toMatch(/&& npm test$/);
});
