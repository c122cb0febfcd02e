// How many replies one core reads in a minute, on the corpus the recogniser was made with: many languages, every kind. No
// text comes twice: each has a name of its own at its end, as replies of many people have.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readReply } from '../../src/domain/replies/read-reply.js';
import type { BenchLine } from './race.js';

/** Two sets of seconds: the first warms up, as a process that has run for a while is. */
const WARM_UP_MS = 4_000;
const MEASURE_MS = 8_000;
const TARGET = 1_000_000;
const SYLLABLES = 'bdgklmnrst';
const VOWELS = 'aeiouyáéíó';

export function repliesReadBench(): BenchLine[] {
  const texts = corpus();
  run(texts, WARM_UP_MS);
  const perMinute = run(texts, MEASURE_MS) * 60_000;
  return [
    {
      name: 'replies read on one core',
      value: perMinute,
      unit: 'replies/min',
      ratio: null,
      bound: TARGET,
      holds: perMinute >= TARGET,
    },
  ];
}

/** Replies read in a millisecond. */
function run(texts: readonly string[], forMs: number): number {
  const begun = performance.now();
  let read = 0;
  while (performance.now() - begun < forMs) {
    for (const text of texts) readReply(`${text} ${name(read++)}`);
  }
  return read / (performance.now() - begun);
}

/** A made-up name, another one for each number. */
function name(of: number): string {
  let made = '';
  for (let rest = of; made.length < 4 || rest > 0; rest = Math.floor(rest / 100)) {
    made += SYLLABLES.charAt(rest % 10) + VOWELS.charAt(Math.floor(rest / 10) % 10);
  }
  return made;
}

/** The compiled benchmark stands in dist, the corpus beside the sources. */
function corpus(): readonly string[] {
  const path = join(import.meta.dirname, '../../../test/replies/dev.tsv');
  const lines = readFileSync(path, 'utf8').split('\n').slice(1);
  return lines.filter((line) => line !== '').map((line) => (line.split('\t')[2] ?? '').replaceAll('\\n', '\n'));
}
