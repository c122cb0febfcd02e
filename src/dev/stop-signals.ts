// Ctrl-C, SIGTERM and a closed terminal: the first asks for an orderly end, the second ends at once.
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** One Ctrl-C under `npm start` arrives twice: from the terminal, and passed on by npm. */
const SAME_WISH_MS = 1_000;

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
