// The gateway's log: JSON lines, without URLs, destinations or texts.
import { pino, type DestinationStream, type Logger } from 'pino';
import { BlocklistError } from '../domain/errors.js';
import { sqlState } from '../storage/database.js';

export interface LogOptions {
  /** Default `info`: starts, stops, failures. `debug` adds a line for each request. */
  readonly level?: string;
  /** Default: standard error, as messages of every command. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LogOptions = {}): Logger {
  const settings = {
    name: 'blocklist-gateway',
    level: options.level ?? 'info',
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    // Fastify hands whole requests to some of its own lines; they hold URLs, so nothing of them is written.
    serializers: { req: () => undefined, res: () => undefined, err: describeError },
  };
  return pino(settings, options.destination ?? pino.destination(2));
}

/** Messages of others may quote what they were given: ours are written, theirs are told by class, code and place. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = (error as { code?: unknown }).code;
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(error instanceof BlocklistError ? { message: error.message } : {}),
    at: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: { type: typeName(error.cause), code: sqlState(error.cause) } }),
  };
}

function typeName(value: unknown): string {
  return value instanceof Error ? value.name : typeof value;
}
