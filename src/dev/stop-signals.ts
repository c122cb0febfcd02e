// Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly end, the second ends at once.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One Ctrl-C under `npm start` arrives twice: from the terminal, and passed on by npm. */
const SAME_WISH_MS = 1_000;

/** How often we look whether npm still lives. */
const PARENT_CHECK_MS = 500;

/** Returns a function that gives the signals their usual meaning again. */
export function onStopSignals(first: () => void, again: () => void): () => void {
  let askedAt: number | undefined;
  const listener = (): void => {
    const now = Date.now();
    if (askedAt === undefined) {
      askedAt = now;
      first();
    } else if (now - askedAt > SAME_WISH_MS) again();
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}

/** Calls back when the npm that started this process has gone without passing a signal on: nobody could stop us any more. */
export function onLostNpm(lost: () => void): () => void {
  if (process.env['npm_lifecycle_event'] === undefined) return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    lost();
  }, PARENT_CHECK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
