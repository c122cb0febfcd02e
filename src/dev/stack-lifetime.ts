// From the lock to its release: the parts of one stack, the file that tells others about them, and the signals that end it.
import { BlocklistError } from '../domain/errors.js';
import { processStart } from './process-liveness.mjs';
import { lockStack, type StackLock } from './stack-lock.js';
import { StackParts } from './stack-parts.js';
import { removeState, runningStack, type StackAddresses, writeState } from './stack-state.js';
import { onLostNpm, onStopSignals } from './stop-signals.js';

export interface LifetimeOptions {
  readonly cacheDir: string;
  readonly report: (line: string) => void;
  readonly handlesSignals: boolean;
}

export class StackLifetime {
  readonly parts: StackParts;
  readonly #lock: StackLock;
  readonly #ignoreSignals: () => void;
  readonly #stopped: Promise<void>;
  #tellStopped: () => void = () => undefined;
  #stopping: Promise<void> | undefined;
  #addresses: StackAddresses | undefined;

  constructor(private readonly options: LifetimeOptions) {
    this.#lock = lockOrRefuse(options.cacheDir);
    this.#stopped = new Promise((resolve) => (this.#tellStopped = resolve));
    this.parts = new StackParts(options.report, () => this.#saveState());
    const stop = (): void => void this.stop();
    this.#ignoreSignals = options.handlesSignals ? listen(stop, () => this.parts.kill()) : () => undefined;
  }

  /** Lets others find the stack. */
  publish(addresses: StackAddresses): void {
    this.#addresses = addresses;
    this.#saveState();
  }

  /** True as soon as someone wants it to end. */
  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  wait(): Promise<void> {
    return this.#stopped;
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stopAll());
  }

  async #stopAll(): Promise<void> {
    await this.parts.stop();
    this.#addresses = undefined;
    removeState(this.options.cacheDir);
    this.#lock.release();
    this.#ignoreSignals();
    this.#tellStopped();
  }

  #saveState(): void {
    if (this.#addresses === undefined) return;
    const identify = (pid: number): { pid: number; start: string } => ({ pid, start: processStart(pid) ?? '' });
    const parts = this.parts.running().map((part) => ({ ...part, ...identify(part.pid) }));
    const guard = this.parts.guard.pid;
    writeState(this.options.cacheDir, {
      supervisor: identify(process.pid),
      ...(guard === undefined ? {} : { guard: identify(guard) }),
      addresses: this.#addresses,
      parts,
    });
  }
}

function listen(stop: () => void, kill: () => void): () => void {
  const endings = [onStopSignals(stop, kill), onLostNpm(stop)];
  return () => endings.forEach((end) => end());
}

function lockOrRefuse(cacheDir: string): StackLock {
  const lock = lockStack(cacheDir);
  if (!('heldBy' in lock)) return lock;
  const address = runningStack(cacheDir)?.addresses.gatewayUrl ?? 'its address is not known yet';
  throw new BlocklistError(
    'CONFLICT',
    `the stack of this project already runs as process ${lock.heldBy}: ${address}. ` +
      `Use that one, or stop it first (Ctrl-C there, or: kill ${lock.heldBy}).`,
  );
}
