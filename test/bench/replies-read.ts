// How many replies one core reads in a minute, on the corpus the recogniser was made with: many languages, every kind.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readReply } from '../../src/domain/replies/read-reply.js';
import type { BenchLine } from './race.js';

/** Two sets of seconds: the first warms up, as a process that has run for a while is. */
const WARM_UP_MS = 4_000;
const MEASURE_MS = 8_000;
const TARGET = 1_000_000;

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
    for (const text of texts) readReply(text);
    read += texts.length;
  }
  return read / (performance.now() - begun);
}

/** The compiled benchmark stands in dist, the corpus beside the sources. */
function corpus(): readonly string[] {
  const path = join(import.meta.dirname, '../../../test/replies/dev.tsv');
  const lines = readFileSync(path, 'utf8').split('\n').slice(1);
  return lines.filter((line) => line !== '').map((line) => (line.split('\t')[2] ?? '').replaceAll('\\n', '\n'));
}
