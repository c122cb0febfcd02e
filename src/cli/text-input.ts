// Texts from a file or standard input: whole, and no longer than they may be.
import type { InputFile } from './file-lines.js';
import { wrong } from './options.js';

/** @throws InvalidInputError as soon as the text is longer than it may be; the rest is not read. */
export async function readText(file: InputFile, longest: number): Promise<string> {
  let text = '';
  let isFirst = true;
  for await (const line of file.lines()) {
    text += isFirst ? line.text : `\n${line.text}`;
    isFirst = false;
    if (line.isTooLong || text.length > longest) throw wrong('text', `has more than ${longest} characters`);
  }
  return text;
}
