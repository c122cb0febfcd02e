// The errors a step throws. Whatever can happen to a message is a value; these are for mistakes and for what nobody planned.
// Their types are the error codes that everything else uses too.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { InvalidInputError, type ErrorCode, type Violation } from '../../src/domain/errors.js';
import type { OptOutSignal } from '../../src/domain/step-activities.js';

/** Nothing was scheduled: what the step was given cannot be right. Values are never part of the message. */
export function invalidInput(step: string, violations: readonly Violation[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `${step}: ${new InvalidInputError(violations).message}`,
    'INVALID_INPUT' satisfies ErrorCode,
  );
}

/** An opt-out has to end the flow, and only an error can, because no interceptor runs it. */
export function optedOutWithoutPlugin(optOut: OptOutSignal): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `contact ${optOut.contactId} has opted out (event ${optOut.eventId}). ` +
      'Register BlocklistPlugin on the worker, and in bundleWorkflowCode, and the flow will complete as opted out instead',
    'OPTED_OUT',
  );
}

/** The shared workers or their storage were away for as long as the message was valid. */
export function neverAnswered(step: string, cause: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    message: `${step}: the blocklist gave no answer within the validity of the message; nothing was sent`,
    type: 'STORAGE_UNAVAILABLE' satisfies ErrorCode,
    nonRetryable: true,
    ...(cause instanceof Error ? { cause } : {}),
  });
}

/** What stands behind a failed activity: its own final verdict if there is one, else the failure as it came. */
export function activityFailure(error: unknown): unknown {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return error;
  const { message, type, nonRetryable } = error.cause;
  if (nonRetryable !== true) return error;
  return ApplicationFailure.create({ message, ...(type ? { type } : {}), nonRetryable: true, cause: error });
}

/** True when an activity got no final answer in the time it was given. */
export function isTimeout(error: unknown): boolean {
  // The last failure is the cause where the time ended between two attempts.
  return error instanceof ActivityFailure && (error.retryState === 'TIMEOUT' || error.cause instanceof TimeoutFailure);
}
