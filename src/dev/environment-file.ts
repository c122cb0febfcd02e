// The settings of a running stack as a file that `node --env-file` reads.

/** Only what the stack itself is about: the rest of its environment belongs to whoever started it. */
export function stackSettings(environment: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const ours = Object.entries(environment).filter(
    (entry): entry is [string, string] => /^(BLOCKLIST|TEMPORAL)_/.test(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(ours.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A line for each, quoted: a path may have spaces, and `#` would begin a comment. */
export function environmentFile(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}="${value}"`)
    .join('\n');
}
