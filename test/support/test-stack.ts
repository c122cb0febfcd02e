// A supervisor as a process of its own, and what a test wants to know about it.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageFolder } from '../../src/dev/folders.js';
import { processStart } from '../../src/dev/process-liveness.mjs';
import type { PosixUser } from '../../src/dev/program.js';
import { type PartStatus, stackStatus } from '../../src/dev/stack-state.js';

export interface StackInfo {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly gatewayUrl: string;
  readonly apiKey: string;
  readonly parts: readonly PartStatus[];
}

export interface TestStackOptions {
  readonly cacheDir: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: PosixUser | undefined;
  /** The checkout to run from; default: this one. */
  readonly checkout?: string;
  /** The Node to run it with; default: this one. */
  readonly node?: string;
}

export class TestStack {
  readonly exited: Promise<number | null>;
  stderr = '';
  #stdout = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly cacheDir: string,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = new Promise((resolve) => child.once('close', resolve));
  }

  static launch({
    cacheDir,
    env,
    user,
    checkout = packageFolder(),
    node = process.execPath,
  }: TestStackOptions): TestStack {
    const script = join(checkout, 'dist', 'test', 'support', 'run-stack.js');
    const child = spawn(node, [script], {
      cwd: '/',
      env: { ...process.env, ...env, BLOCKLIST_CACHE_DIR: cacheDir },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...user,
    });
    return new TestStack(child, cacheDir);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until it serves; throws with its words if it ends instead. */
  async info(): Promise<StackInfo> {
    const ended = this.exited.then(() => 'ended' as const);
    while (!this.#stdout.includes('\n')) {
      if ((await Promise.race([ended, sleep(50)])) === 'ended') throw new Error(this.stderr);
    }
    return JSON.parse(this.#stdout) as StackInfo;
  }

  /** The part as the status shows it, as soon as its process is not the one with this pid. */
  async partOtherThan(name: string, pid: number): Promise<PartStatus> {
    for (;;) {
      const part = stackStatus(this.cacheDir).find((status) => status.name === name && status.pid !== pid);
      if (part !== undefined) return part;
      await sleep(50);
    }
  }

  async said(text: string): Promise<void> {
    while (!this.stderr.includes(text)) await sleep(50);
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.signal(signal);
    return await this.exited;
  }

  /** What the stand-ins noted when they were asked to stop. */
  stops(): { readonly name: string; readonly others: readonly string[] }[] {
    const lines = readFileSync(join(this.cacheDir, 'stops.log'), 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as { name: string; others: string[] });
  }
}

/** Returns when none of the processes is left. */
export async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => processStart(pid) !== undefined)) await sleep(50);
}
