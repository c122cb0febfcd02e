// `node dist/test/replies/score.js FILE.tsv [--misses]`: how well the recogniser reads a corpus of replies, beside rules
// that others use. The file has the columns label, language, text (with \n for a line end), kind, source and a header.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { firstWords } from '../../src/domain/replies/words.js';
import { readReply } from '../../src/domain/replies/read-reply.js';

export interface Sample {
  readonly label: string;
  readonly language: string;
  readonly text: string;
  readonly kind: string;
}

export interface Score {
  readonly name: string;
  readonly count: number;
  readonly acted: number;
  readonly reviewed: number;
}

export function readCorpus(path: string): Sample[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => {
      const [label = '', language = '', text = '', kind = ''] = line.split('\t');
      return { label, language, text: text.replaceAll('\\n', '\n'), kind };
    });
}

/** What is done with replies of each group: opt-outs should be acted on or reviewed, everything else should not. */
export function score(samples: readonly Sample[]): Score[] {
  const groups = new Map<string, { count: number; acted: number; reviewed: number }>();
  for (const sample of samples) {
    const { label, action } = readReply(sample.text);
    const name = groupOf(sample);
    const group = groups.get(name) ?? { count: 0, acted: 0, reviewed: 0 };
    groups.set(name, group);
    group.count += 1;
    if (label === 'opt_out' && action === 'act') group.acted += 1;
    if (label === 'opt_out' && action === 'review') group.reviewed += 1;
  }
  return [...groups].map(([name, group]) => ({ name, ...group })).sort((a, b) => a.name.localeCompare(b.name));
}

export function groupOf({ label, language, kind }: Sample): string {
  if (label !== 'opt_out') return 'must not opt out';
  if (kind === 'keyword') return 'opt-out: keyword';
  return `opt-out: ${language === 'en' ? `English ${kind === 'variant' ? 'variant' : 'phrase'}` : `other language, ${kind === 'variant' ? 'variant' : 'phrase'}`}`;
}

const KNOWN_RULES: Readonly<Record<string, (text: string) => boolean>> = {
  'the exact word': (text) => /^(?:stop|stopall|unsubscribe|cancel|end|quit)$/i.test(text.trim()),
  'begins with the word': (text) =>
    ['stop', 'stopall', 'unsubscribe', 'cancel', 'end', 'quit'].includes(firstWords(text, 2)[0]?.joined ?? ''),
  'contains stop': (text) => text.toLowerCase().includes('stop'),
};

function main(path: string): void {
  const samples = readCorpus(path);
  for (const { name, count, acted, reviewed } of score(samples)) {
    const share = (n: number): string => `${((100 * n) / count).toFixed(1)} %`;
    process.stdout.write(
      `${name.padEnd(34)}${String(count).padStart(6)}  acted ${share(acted).padStart(7)}  acted or reviewed ${share(acted + reviewed).padStart(7)}\n`,
    );
  }
  const outs = samples.filter(({ label }) => label === 'opt_out');
  const others = samples.filter(({ label }) => label !== 'opt_out');
  for (const [name, rule] of Object.entries(KNOWN_RULES)) {
    const found = outs.filter(({ text }) => rule(text)).length / outs.length;
    const wrong = others.filter(({ text }) => rule(text)).length / others.length;
    process.stdout.write(
      `${name.padEnd(34)}finds ${(100 * found).toFixed(1)} %, wrongly ${(100 * wrong).toFixed(1)} %\n`,
    );
  }
  if (process.argv.includes('--misses')) {
    for (const sample of samples) {
      const { label, action, reason, confidence, words } = readReply(sample.text);
      const isOut = sample.label === 'opt_out';
      const isDone = label === 'opt_out' && action !== 'none';
      const isLabelWrong = !isOut && sample.label !== label && !isDone;
      if (isOut !== isDone || (isLabelWrong && process.argv.includes('--labels'))) {
        process.stdout.write(
          `${isOut ? 'MISSED' : isDone ? `FALSE ${action}` : 'LABEL'}\t${sample.label}\t${sample.language}\t${sample.kind}\t${JSON.stringify(sample.text)}\t${label} ${reason} ${confidence} [${words.join(' ')}]\n`,
        );
      }
    }
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv[2] ?? 'test/replies/dev.tsv');
}
