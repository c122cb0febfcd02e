// The demo of `npm start`: one run on a stack that serves, its tables, and whether they are true.
import type { Stack } from '../stack.js';
import { onStopSignals } from '../stop-signals.js';
import { play } from './play.js';
import { setStage, type Stage } from './stage.js';

export interface DemoOptions {
  /** True: nothing of the demo goes on after its tables. */
  readonly once: boolean;
}

/**
 * Prints the tables on stdout, and what it does meanwhile on stderr. `ok` is false when anything in the tables contradicts the
 * ledger or the network's log, and when it was interrupted. Without `once` its worker goes on serving the flows whose people
 * have not answered yet, until the stack is stopped.
 */
export async function runDemo(stack: Stack, options: DemoOptions): Promise<{ readonly ok: boolean }> {
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  const ignoreSignals = onStopSignals(interrupt, () => undefined);
  const { signal } = interruption;
  let stage: Stage | undefined;
  const close = async (): Promise<void> => {
    ignoreSignals();
    await stage?.close();
  };
  try {
    stage = await setStage(stack, signal);
    // A server that is being stopped may leave a question without an answer for long.
    const result = await Promise.race([play(stage), whenAborted(signal)]);
    if (options.once) {
      await close();
      return result;
    }
    signal.addEventListener('abort', () => void close());
    if (signal.aborted) await close();
    void stack.wait().then(close);
    return result;
  } catch (error) {
    await close();
    // What fails because the stack is going down is no failure of its own.
    if (signal.aborted) return { ok: false };
    throw error;
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
