// Errors become ApplicationFailures here and nowhere else: whether Temporal tries again is decided in one place.
import { ApplicationFailure } from '@temporalio/common';
import { BlocklistError } from '../src/domain/errors.js';

/** Wrap every activity so that what it throws carries a type, and no destination or text. */
export function failing<T extends Record<string, (...args: never[]) => Promise<unknown>>>(activities: T): T {
  return Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      async (...args: never[]) => {
        try {
          return await activity(...args);
        } catch (error) {
          throw asFailure(error);
        }
      },
    ]),
  ) as T;
}

/** Not now: tell Temporal when to try again. Nothing was lost. */
export function later(type: string, message: string, afterMs: number): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nextRetryDelay: Math.max(Math.ceil(afterMs), 1) });
}

function asFailure(error: unknown): unknown {
  if (error instanceof BlocklistError) {
    return ApplicationFailure.create({
      type: error.code,
      message: error.message,
      nonRetryable: !error.retryable,
    });
  }
  if (error instanceof ApplicationFailure) return error;
  // Cancellations are Temporal's own and pass; anything else is a fault of ours, named without its values.
  const name = error instanceof Error ? error.name : 'Error';
  if (name === 'CancelledFailure' || name === 'CompleteAsyncError') return error;
  return ApplicationFailure.create({ type: 'INTERNAL', message: `An activity failed (${name}).` });
}
