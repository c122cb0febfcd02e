// The product's hand-over with an edit, made from its source.
import { readFile } from 'node:fs/promises';
import ts from 'typescript';
import type { handOver } from '../../activities/hand-over.js';
import type { Mutant } from './mutants.js';

const SOURCE = new URL('../../activities/hand-over.ts', import.meta.url);

/** Works as long as the hand-over imports nothing but types, which go away: the module stands alone then. */
export async function mutatedHandOver({ find, put }: NonNullable<Mutant['handOver']>): Promise<typeof handOver> {
  const source = await readFile(SOURCE, 'utf8');
  const found = source.split(find).length - 1;
  if (found !== 1) throw new Error(`the hand-over holds the text to be changed ${found} times, not once: ${find}`);
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(
    source.replace(find, () => put),
    { compilerOptions: options },
  );
  const url = `data:text/javascript;base64,${Buffer.from(outputText).toString('base64')}`;
  const module = (await import(/* @vite-ignore */ url)) as { readonly handOver: typeof handOver };
  return module.handOver;
}
