// When a post that failed is tried again.

/** Forwarded replies, as the product does it: after 1 minute + 1 minute x retry x retry; twenty of them take two days. */
export const FORWARD_RETRIES = 20;

/** `retry` counts from 1; undefined: no further one. */
export function forwardRetryMs(retry: number, minuteMs: number): number | undefined {
  return retry > FORWARD_RETRIES ? undefined : minuteMs + minuteMs * retry * retry;
}

/** Events, for ever: doubled from `firstMs` up to `mostMs`. `failures` counts from 1. */
export function eventRetryMs(failures: number, { firstMs, mostMs }: { firstMs: number; mostMs: number }): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 30));
}
