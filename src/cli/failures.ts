// How a command fails: one clear line on stderr and an exit status. Never a stack trace, never a destination.
import { CommanderError } from 'commander';
import { BlocklistError } from '../domain/errors.js';
import { EXIT, EXIT_OF_ERROR, type ExitCode } from './exit-codes.js';

export function fail(error: unknown, isJson: boolean): ExitCode {
  // Help and version are no failures, and help that nobody asked for says enough; commander has printed them.
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  if (error instanceof CommanderError && error.code === 'commander.help') return EXIT.badInput;
  const { code, message, exit } = describe(error);
  process.stderr.write(
    isJson ? `${JSON.stringify({ error: { code, message } })}\n` : `blocklist: ${message} (${code})\n`,
  );
  return exit;
}

function describe(error: unknown): { readonly code: string; readonly message: string; readonly exit: ExitCode } {
  if (error instanceof BlocklistError) {
    return { code: error.code, message: withoutDestinations(oneLine(error.message)), exit: EXIT_OF_ERROR[error.code] };
  }
  if (error instanceof CommanderError) {
    const message = oneLine(error.message.replace(/^error: /, ''));
    return {
      code: 'INVALID_INPUT',
      message: `${withoutDestinations(message)}. See \`blocklist --help\``,
      exit: EXIT.badInput,
    };
  }
  const { code, name, message }: NodeJS.ErrnoException = error instanceof Error ? error : new Error(String(error));
  return {
    code: code ?? name,
    message: withoutDestinations(oneLine(`unexpected failure: ${message}`)),
    exit: EXIT.failure,
  };
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

const EMAIL = /[^\s'"`]*@[^\s'"`]+/g;
/** An address of a server, with its port, is told as it is: it is where to look. */
const SERVER_OR_NUMBER = /\b(\d{1,3}(?:\.\d{1,3}){3}:\d{1,5})\b|(?<!\w|\w-)\+?\d[\d ()./-]{5,}\d(?![\w-])/g;

/** Arguments are repeated in many messages, and an argument may be somebody's number or address. */
export function withoutDestinations(text: string): string {
  return text.replace(EMAIL, '…').replace(SERVER_OR_NUMBER, (_whole, server?: string) => server ?? '…');
}
