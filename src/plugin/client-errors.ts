// Turns what Temporal's client throws into the errors callers of this software know.
import {
  isGrpcServiceError,
  ServiceError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { BlocklistError, type ErrorCode } from '../domain/errors.js';

const RETRYABLE: Readonly<Record<ErrorCode, boolean>> = {
  INVALID_INPUT: false,
  INVALID_DESTINATION: false,
  INVALID_TOKEN: false,
  NOT_FOUND: false,
  CONFLICT: false,
  UNAUTHORIZED: false,
  FORBIDDEN: false,
  TOO_MANY_REQUESTS: true,
  TIMED_OUT: true,
  KEY_MISMATCH: false,
  SCHEMA_MISMATCH: false,
  STORAGE_UNAVAILABLE: true,
  TEMPORAL_UNAVAILABLE: true,
  PROVIDER_UNAVAILABLE: true,
  CONFIGURATION: false,
  LIMIT_EXCEEDED: true,
};

/** `error` as a BlocklistError where its kind is known, else as it came. */
export function asBlocklistError(error: unknown): unknown {
  if (error instanceof BlocklistError) return error;
  if (error instanceof WorkflowFailedError || error instanceof WorkflowUpdateFailedError)
    return fromFailure(error) ?? error;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return noAnswer(error);
  if (isGrpcServiceError(error) || error instanceof ServiceError) {
    return new BlocklistError(
      'TEMPORAL_UNAVAILABLE',
      'the Temporal server refused the call or did not answer: see the cause',
      {
        retryable: true,
        cause: error,
      },
    );
  }
  return error;
}

/** Workers and activities name the kind of a failure in its type; the innermost one that is known counts. */
function fromFailure(error: WorkflowFailedError | WorkflowUpdateFailedError): BlocklistError | undefined {
  let found: BlocklistError | undefined;
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ApplicationFailure) {
      const code = codeOf(cause.type ?? '');
      if (code !== undefined)
        found = new BlocklistError(code, cause.message, { retryable: RETRYABLE[code], cause: error });
    }
    if (cause instanceof TimeoutFailure) found ??= noAnswer(error);
  }
  return found;
}

function codeOf(type: string): ErrorCode | undefined {
  return Object.hasOwn(RETRYABLE, type) ? (type as ErrorCode) : undefined;
}

function noAnswer(cause: Error): BlocklistError {
  return new BlocklistError(
    'TEMPORAL_UNAVAILABLE',
    'no shared blocklist worker answered in time (is one running on the task queue `blocklist`?). ' +
      'What was asked may still be done; asking again does nothing twice',
    { retryable: true, cause },
  );
}
