// One base class for every error this software raises on purpose. Messages name ids, never destinations or texts.

/** The codes callers can rely on; each has a paragraph in the README. */
export type ErrorCode =
  | 'INVALID_INPUT'
  | 'INVALID_DESTINATION'
  | 'INVALID_TOKEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'UNAUTHORIZED'
  | 'FORBIDDEN'
  | 'TOO_MANY_REQUESTS'
  | 'TIMED_OUT'
  | 'KEY_MISMATCH'
  | 'SCHEMA_MISMATCH'
  | 'STORAGE_UNAVAILABLE'
  | 'TEMPORAL_UNAVAILABLE'
  | 'PROVIDER_UNAVAILABLE'
  | 'CONFIGURATION'
  | 'LIMIT_EXCEEDED';

export class BlocklistError extends Error {
  override readonly name: string = 'BlocklistError';
  /** True when the same call may succeed later without being changed. */
  readonly retryable: boolean;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retryable = options.retryable ?? false;
  }
}

/** One thing wrong with an input: where (a path such as `messages[0].to`) and what to do about it. */
export interface Violation {
  readonly path: string;
  readonly message: string;
}

/** Input that cannot be accepted as it is. Lists every violation found, not just the first. */
export class InvalidInputError extends BlocklistError {
  override readonly name = 'InvalidInputError';
  constructor(readonly violations: readonly Violation[]) {
    super('INVALID_INPUT', violations.map((v) => (v.path === '' ? v.message : `${v.path}: ${v.message}`)).join('; '));
  }
}
