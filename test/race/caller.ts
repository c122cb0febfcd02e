// A caller of the product's hand-over (activities/hand-over.ts): claims, hands over, tries again. The window is short, each
// step is recorded, and the caller can be made slow, or be ended, between any two of them.
import { handOver, mayRepeat } from '../../activities/hand-over.js';
import type { Database } from '../../src/storage/database.js';
import { permitStore, type Fenced, type Permits } from '../../src/storage/permits.js';
import { CrashedError, type Operation, type RaceDatabase } from './race-database.js';
import type { RaceProvider } from './provider.js';
import type { Answer, SendStep, Slot } from './schedule.js';
import { at, STREAMS, type Stage } from './stage.js';
import type { Message, Trace } from './trace.js';
import { pause, type Wait } from './wait.js';

/** Two seconds in the product. Short, so that dead attempts are taken over within a test's patience. */
export const WINDOW_MS = 80;

/** What a mutant does otherwise. */
export interface CallerRules {
  readonly barrier: boolean;
  readonly handOver: typeof handOver;
}

export const SOUND_CALLER: CallerRules = { barrier: true, handOver };

export interface Claimed {
  readonly messages: readonly Message[];
  readonly claimant: string;
  readonly slot: Slot;
  /** Permits that a claim of this claimant was told are its own. */
  readonly owned: Set<string>;
}

/** As much of a step as matters here; a script waits for things to happen instead of milliseconds. */
export type Sending = Pick<SendStep, 'takesOver' | 'answers' | 'stop' | 'crash'> & {
  readonly beforeFence: Wait;
  readonly beforeCall: Wait;
  readonly call: Wait;
  readonly pause?: NonNullable<Operation['pause']>;
};

/** A process that ended between two statements. */
class StoppedError extends Error {
  override readonly name = 'StoppedError';
}

export class Caller {
  readonly permits: Permits;

  constructor(
    readonly db: RaceDatabase,
    readonly stage: Stage,
    readonly trace: Trace,
    readonly provider: RaceProvider,
    readonly rules: CallerRules,
    readonly windowMs = WINDOW_MS,
  ) {
    const permits = permitStore(db, windowMs);
    this.permits = rules.barrier ? permits : { ...permits, windowMs: 0, barrier: () => Promise.resolve() };
  }

  /** Get permits, then hand over until the step's answers are used up or nothing is left to hand over. */
  async send(claimed: Claimed, step: Sending): Promise<void> {
    const isDispatchAlone = step.takesOver && claimed.owned.size > 0;
    let ids = isDispatchAlone ? await this.#takeOver(claimed) : await this.#claim(claimed, step);
    if (step.stop === 'afterClaim') return;
    await pause(step.beforeFence);
    for (const answer of step.answers) {
      if (ids.length === 0) return;
      ids = await this.#attempt(claimed, ids, answer, step);
    }
  }

  async #claim({ messages, claimant, slot, owned }: Claimed, step: Sending): Promise<string[]> {
    const rows = await permitStore(this.#for('claim', step)).claim({
      streamId: at(this.stage.streams, slot.stream),
      claimant,
      validForSeconds: validitySeconds(this.stage),
      mayRepeat: this.#mayRepeat(slot),
      messages: messages.map(({ permitId, person }) => ({ permitId, contactId: this.stage.contacts[person].id })),
    });
    for (const { id, mine, state } of rows) this.trace.add({ kind: 'claimed', permitId: id, claimant, mine, state });
    const mine = rows.filter((row) => row.mine);
    for (const { id } of mine) owned.add(id);
    return mine.filter((row) => row.state === 'claimed').map(({ id }) => id);
  }

  /** The second half of a send tried again, as the product's dispatch does it: without another claim. */
  async #takeOver({ owned, slot }: Claimed): Promise<string[]> {
    const rows = await this.permits.takeOver(this.stage.rootId, [...owned], this.#mayRepeat(slot));
    return rows.filter((row) => row.state === 'claimed').map(({ id }) => id);
  }

  /** One fence and at most one provider call. Returns what may be tried again. */
  async #attempt(
    { claimant, slot }: Claimed,
    ids: readonly string[],
    answer: Answer,
    step: Sending,
  ): Promise<string[]> {
    const { trace, windowMs } = this;
    const attempts = new Map<string, number>();
    const attemptOf = (permitId: string): number => attempts.get(permitId) ?? 0;
    let askedAt = 0;
    const fence: Permits['fence'] = async (rootId, permitIds): Promise<Fenced[]> => {
      askedAt = performance.now();
      const fenced = await permitStore(this.#for('fence', step), windowMs).fence(rootId, permitIds);
      for (const { id, attempt } of fenced) {
        attempts.set(id, attempt);
        trace.add({ kind: 'fenced', permitId: id, attempt, claimant });
      }
      if (step.stop === 'afterFence') throw new StoppedError();
      if (fenced.length > 0) await pause(step.beforeCall);
      return fenced;
    };
    const settle: Permits['settle'] = async (settlements) => {
      if (step.stop === 'afterCall') throw new StoppedError();
      for (const { id, state } of settlements) {
        trace.add({ kind: 'settling', permitId: id, attempt: attemptOf(id), refused: state === 'claimed' });
      }
      const settled = await permitStore(this.#for('settle', step), windowMs).settle(settlements);
      for (const { id, state } of settled) {
        trace.add({ kind: 'settled', permitId: id, attempt: attemptOf(id), state });
      }
      return settled;
    };
    const provider = this.provider.for({
      refusesDuplicates: slot.refusesDuplicates,
      answer,
      takes: step.call,
      onStart: (permitIds) => {
        const startedAt = performance.now();
        for (const permitId of permitIds) {
          trace.add({ kind: 'call', permitId, attempt: attemptOf(permitId), askedAt, windowMs, startedAt });
        }
      },
      onAnswer: (permitId, taken) => trace.add({ kind: 'answered', permitId, attempt: attemptOf(permitId), taken }),
    });
    const { settled } = await this.rules.handOver({ ...this.permits, windowMs, fence, settle }, provider, {
      ...at(STREAMS, slot.stream),
      rootId: this.stage.rootId,
      kind: 'message',
      permitIds: ids,
      textOf: () => 'race',
    });
    return [...settled.values()].filter((row) => row.state === 'claimed').map((row) => row.id);
  }

  #mayRepeat({ refusesDuplicates, stream }: Slot): boolean {
    const unused = { answer: 'accepted', takes: 0, onStart: () => undefined, onAnswer: () => undefined } as const;
    return mayRepeat(this.provider.for({ ...unused, refusesDuplicates }), at(STREAMS, stream).purpose);
  }

  #for(point: 'claim' | 'fence' | 'settle', step: Sending): Database {
    if (step.crash?.at === point) return this.db.as({ crash: step.crash.how });
    return point === 'claim' && step.pause !== undefined ? this.db.as({ pause: step.pause }) : this.db;
  }
}

/** A range of validities for each stage, so that expiring one stage's messages touches no other's. */
export const validitySeconds = (stage: Stage): number => (1000 + stage.number) * 86_400;

/** A crash is part of the schedule; anything else is a failure of the test or of the product. */
export async function surviving(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isCrash(error)) throw error;
  }
}

function isCrash(error: unknown): boolean {
  return (
    error instanceof CrashedError || error instanceof StoppedError || (error instanceof Error && isCrash(error.cause))
  );
}
