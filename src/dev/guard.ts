// The supervisor's side of the guard: tells it which process groups and folders must not outlive us.
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const GUARD_SCRIPT = fileURLToPath(new URL('./guard-process.mjs', import.meta.url));

export interface GuardedProcess {
  readonly pid: number;
  /** Higher ranks are stopped first. */
  readonly rank: number;
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
}

export class Guard {
  readonly #processes = new Map<number, GuardedProcess>();
  readonly #folders = new Set<string>();
  #child: ChildProcess;
  #isClosed = false;

  constructor() {
    this.#child = this.#spawn();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  watch(process: GuardedProcess): void {
    this.#processes.set(process.pid, process);
    this.#tell({ watch: process });
  }

  forget(pid: number): void {
    this.#processes.delete(pid);
    this.#tell({ forget: pid });
  }

  /** The folder is removed after everything has stopped, if we end without `keep`ing it. */
  removeAtEnd(folder: string): void {
    this.#folders.add(folder);
    this.#tell({ folder });
  }

  keep(folder: string): void {
    this.#folders.delete(folder);
    this.#tell({ keep: folder });
  }

  /** Ends the guard; what is still watched is stopped by it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await exited;
  }

  #spawn(): ChildProcess {
    // In a group of its own: what kills ours must not take it along. No environment, so no secret sits in a second process.
    const child = spawn(process.execPath, [GUARD_SCRIPT], {
      cwd: '/',
      detached: true,
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    child.on('exit', () => {
      if (this.#isClosed) return;
      this.#child = this.#spawn();
      for (const process of this.#processes.values()) this.#tell({ watch: process });
      for (const folder of this.#folders) this.#tell({ folder });
    });
    child.unref();
    // A pipe is a socket at heart, and must not keep us alive either.
    if (child.stdin instanceof Socket) child.stdin.unref();
    return child;
  }

  #tell(note: object): void {
    this.#child.stdin?.write(`${JSON.stringify(note)}\n`);
  }
}
