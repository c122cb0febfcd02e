// Waits of a schedule: so many milliseconds, or, in a scripted one, until something has happened.
import { setTimeout as sleep } from 'node:timers/promises';

export type Wait = number | (() => Promise<unknown>);

export async function pause(wait: Wait): Promise<void> {
  if (typeof wait === 'function') await wait();
  else if (wait > 0) await sleep(wait);
}

/** A promise that the script keeps. */
export interface Signal<T = void> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

export function signal<T = void>(): Signal<T> {
  let resolve: Signal<T>['resolve'] = () => undefined;
  let reject: Signal<T>['reject'] = () => undefined;
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
