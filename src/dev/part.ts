// One part of the running stack: a program that is started again when it dies, later each time, until it is told to stop.
import { BlocklistError } from '../domain/errors.js';
import type { Guard } from './guard.js';
import { type Program, RunningProgram, type StopSignal } from './program.js';
import { untilReady } from './readiness.js';

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** Who has served so long is not in a crash loop. */
const STABLE_MS = 30_000;

export interface PartOptions {
  readonly program: Program;
  readonly port: number;
  readonly isReady: () => Promise<boolean>;
  readonly guard: Guard;
  readonly report: (line: string) => void;
  /** Called whenever the pid changes. */
  readonly onChange: () => void;
}

export class Part {
  readonly name: string;
  readonly port: number;
  /** Higher ranks are stopped first. */
  readonly rank: number;
  readonly stopSignal: StopSignal;
  #running: RunningProgram | undefined;
  #isStopping = false;
  #wake: () => void = () => undefined;
  #supervision: Promise<void> | undefined;

  constructor(private readonly options: PartOptions) {
    this.name = options.program.name;
    this.port = options.port;
    this.rank = options.program.rank;
    this.stopSignal = options.program.stopSignal;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Returns when it serves; a part that cannot start the first time is not tried again, unless its program says so. */
  async start(): Promise<void> {
    this.#supervision = this.#supervise(await this.#startFirst());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    await this.#running?.stop();
    await this.#supervision;
  }

  kill(): void {
    this.#isStopping = true;
    this.#wake();
    this.#running?.kill();
  }

  async #supervise(first: RunningProgram): Promise<void> {
    let running: RunningProgram | undefined = first;
    let delayMs = FIRST_DELAY_MS;
    while (running !== undefined) {
      const since = Date.now();
      const how = await running.exited;
      if (this.#isStopping) return;
      if (Date.now() - since >= STABLE_MS) delayMs = FIRST_DELAY_MS;
      this.#report(`ended (${how}); starting it again in ${delayMs / 1000} s`);
      ({ running, delayMs } = await this.#startAgain(delayMs));
    }
  }

  /** Nothing runs any more when it has been stopped meanwhile. */
  async #startAgain(firstDelayMs: number): Promise<{ running: RunningProgram | undefined; delayMs: number }> {
    let delayMs = firstDelayMs;
    for (;;) {
      await this.#pause(delayMs);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
      if (this.#isStopping) return { running: undefined, delayMs };
      try {
        const running = await this.#startOnce();
        this.#report('serves again');
        return { running, delayMs };
      } catch (error) {
        if (this.#isStopping) return { running: undefined, delayMs };
        this.#report(`${error instanceof Error ? error.message : String(error)}; next attempt in ${delayMs / 1000} s`);
      }
    }
  }

  async #startFirst(): Promise<RunningProgram> {
    for (let left = (this.options.program.startAttempts ?? 1) - 1; ; left--) {
      try {
        return await this.#startOnce();
      } catch (error) {
        if (left <= 0 || this.#isStopping) throw error;
      }
    }
  }

  async #startOnce(): Promise<RunningProgram> {
    const { program, guard, isReady, onChange } = this.options;
    if (this.#isStopping) throw new BlocklistError('CONFLICT', `${this.name} is being stopped`);
    const running = await RunningProgram.start(program, guard);
    this.#running = running;
    if (this.#isStopping) await running.stop();
    onChange();
    void running.exited.then(() => {
      if (this.#running === running) this.#running = undefined;
      onChange();
    });
    await untilReady(running, isReady);
    return running;
  }

  #report(what: string): void {
    this.options.report(`${this.name}: ${what}`);
  }

  async #pause(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
