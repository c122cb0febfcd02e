// What runs at the moment, in a file: for `blocklist dev status`, and for the start after a crash.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { processStart, signalGroup } from './process-liveness.mjs';
import { until } from './readiness.js';

/** What a killed supervisor leaves behind is stopped by its guard in this time, see `guard-process.mjs`. */
const GUARD_WORKS_MS = 90_000;
const GRACE_MS = 20_000;

const processState = z.object({ pid: z.number(), start: z.string() });
const stackAddresses = z.object({
  gatewayUrl: z.string(),
  sandboxUrl: z.string(),
  temporalAddress: z.string(),
  temporalUiUrl: z.string().optional(),
});
const stackState = z.object({
  supervisor: processState,
  guard: processState.optional(),
  addresses: stackAddresses,
  /** First started first. */
  parts: z.array(
    processState.extend({ name: z.string(), port: z.number(), stopSignal: z.enum(['SIGTERM', 'SIGINT']) }),
  ),
});

/** Where a running stack is found; nothing secret is in it. */
export type StackAddresses = z.infer<typeof stackAddresses>;
export type StackState = z.infer<typeof stackState>;

export interface PartStatus {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

export function writeState(cacheDir: string, state: StackState): void {
  const file = stateFile(cacheDir);
  writeFileSync(`${file}.new`, JSON.stringify(state, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeState(cacheDir: string): void {
  rmSync(stateFile(cacheDir), { force: true });
}

/** The stack of this folder if its supervisor lives. */
export function runningStack(cacheDir: string): StackState | undefined {
  const state = read(cacheDir);
  return state !== undefined && isAlive(state.supervisor) ? state : undefined;
}

/** The parts that run now, each with the process that does the work. */
export function stackStatus(cacheDir: string): PartStatus[] {
  const parts = read(cacheDir)?.parts.filter(isAlive) ?? [];
  return parts.map(({ name, pid, port }) => ({ name, pid, port }));
}

/** After a crash: lets the guard finish, then ends in good order what is still there. */
export async function endLeftOvers(cacheDir: string): Promise<void> {
  const state = read(cacheDir);
  if (state === undefined) return;
  const { guard } = state;
  if (guard !== undefined) await until(() => !isAlive(guard), GUARD_WORKS_MS);
  for (const part of state.parts.toReversed()) {
    if (isAlive(part)) signalGroup(part.pid, part.stopSignal);
    await until(() => !isAlive(part), GRACE_MS);
    if (isAlive(part)) signalGroup(part.pid, 'SIGKILL');
  }
  removeState(cacheDir);
}

function isAlive({ pid, start }: { readonly pid: number; readonly start: string }): boolean {
  return processStart(pid) === start;
}

function read(cacheDir: string): StackState | undefined {
  try {
    return stackState.parse(JSON.parse(readFileSync(stateFile(cacheDir), 'utf8')));
  } catch {
    return undefined;
  }
}

function stateFile(cacheDir: string): string {
  return join(cacheDir, 'stack.json');
}
