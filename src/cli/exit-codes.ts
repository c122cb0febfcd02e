// What the exit status of every command means: one table, for the help, the README and the program itself.
import type { ErrorCode } from '../domain/errors.js';

export const EXIT = { ok: 0, failure: 1, badInput: 2, blocked: 3, unreachable: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES: readonly { readonly code: ExitCode; readonly meaning: string }[] = [
  { code: EXIT.ok, meaning: 'done; an import counts rows it could not read, and is done all the same' },
  { code: EXIT.failure, meaning: 'failed, or what was asked does not hold (a ledger that does not verify)' },
  { code: EXIT.badInput, meaning: 'wrong arguments, input or configuration; nothing was changed' },
  { code: EXIT.blocked, meaning: 'check: at least one destination is blocked' },
  { code: EXIT.unreachable, meaning: 'the database or Temporal cannot be reached; try again' },
];

/** The exit status an error ends a command with. */
export const EXIT_OF_ERROR: Readonly<Record<ErrorCode, ExitCode>> = {
  INVALID_INPUT: EXIT.badInput,
  INVALID_DESTINATION: EXIT.badInput,
  INVALID_TOKEN: EXIT.badInput,
  NOT_FOUND: EXIT.badInput,
  CONFIGURATION: EXIT.badInput,
  LIMIT_EXCEEDED: EXIT.badInput,
  UNAUTHORIZED: EXIT.failure,
  FORBIDDEN: EXIT.failure,
  TOO_MANY_REQUESTS: EXIT.unreachable,
  TIMED_OUT: EXIT.unreachable,
  CONFLICT: EXIT.failure,
  KEY_MISMATCH: EXIT.failure,
  SCHEMA_MISMATCH: EXIT.failure,
  STORAGE_UNAVAILABLE: EXIT.unreachable,
  TEMPORAL_UNAVAILABLE: EXIT.unreachable,
  PROVIDER_UNAVAILABLE: EXIT.unreachable,
};
