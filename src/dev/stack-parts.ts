// The processes of a stack together: started one by one, stopped in order of rank, none left behind.
import { BlocklistError } from '../domain/errors.js';
import { Guard } from './guard.js';
import { Part } from './part.js';
import type { ReservedPort } from './ports.js';
import { type Program, runToEnd, type StopSignal } from './program.js';
import type { PartStatus } from './stack-state.js';

export interface PartStart {
  readonly program: Program;
  /** Held until the program is started. */
  readonly port: ReservedPort;
  readonly isReady: () => Promise<boolean>;
}

export interface RunningPart extends PartStatus {
  readonly stopSignal: StopSignal;
}

export class StackParts {
  readonly guard = new Guard();
  readonly #parts: Part[] = [];
  #isStopping = false;

  constructor(
    private readonly report: (line: string) => void,
    /** Called when a part got or lost its process. */
    private readonly onChange: () => void,
  ) {}

  /** Returns when the part serves. */
  async start({ program, port, isReady }: PartStart): Promise<void> {
    await port.release();
    this.#refuseIfStopping();
    const { report, onChange, guard } = this;
    const part = new Part({ program, port: port.port, isReady, guard, report, onChange });
    this.#parts.push(part);
    await part.start();
  }

  /** Runs a program that ends by itself. */
  async run(program: Program): Promise<void> {
    this.#refuseIfStopping();
    await runToEnd(program, this.guard);
  }

  /** Those that run now, first started first. */
  running(): RunningPart[] {
    const byRank = this.#parts.toSorted((a, b) => a.rank - b.rank);
    return byRank.flatMap(({ name, pid, port, stopSignal }) =>
      pid === undefined ? [] : [{ name, pid, port, stopSignal }],
    );
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const part of this.#parts.toSorted((a, b) => b.rank - a.rank)) {
      if (part.pid !== undefined) this.report(`stopping ${part.name} ...`);
      await part.stop();
    }
    await this.guard.close();
  }

  kill(): void {
    for (const part of this.#parts) part.kill();
  }

  #refuseIfStopping(): void {
    if (this.#isStopping) throw new BlocklistError('CONFLICT', 'the stack was stopped before it served');
  }
}
