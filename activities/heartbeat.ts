// Signs of life of short activities: without them Temporal would wait out the whole time of one whose worker has died.
import { asyncLocalStorage } from '@temporalio/activity';

/** Wrap activities so that they are seen to be alive while they run, where the caller set a heartbeat time-out. */
export function beating<T extends Record<string, (...args: never[]) => Promise<unknown>>>(activities: T): T {
  return Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      async (...args: never[]) => {
        const context = asyncLocalStorage.getStore();
        const timeoutMs = context?.info.heartbeatTimeoutMs ?? 0;
        const beat = timeoutMs > 0 ? setInterval(() => context?.heartbeat(), timeoutMs / 3) : undefined;
        try {
          return await activity(...args);
        } finally {
          clearInterval(beat);
        }
      },
    ]),
  ) as T;
}
