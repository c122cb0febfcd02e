// The part of the protocol that lives in its caller: fence, the local clock, the call, the settling, and the barrier
// before an answer. The product's own is activities/hand-over.ts; this copy has a short window, records what it does, and
// can be broken on purpose.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '../../src/storage/database.js';
import { permitStore, type Permits, type Settlement } from '../../src/storage/permits.js';
import { CrashedError, type RaceDatabase } from './race-database.js';
import type { RaceProvider, Received } from './provider.js';
import type { Answer, SendStep, Slot } from './schedule.js';
import { at, type Stage } from './stage.js';
import type { Message, Trace } from './trace.js';

/** Two seconds in the product. Short, so that dead attempts are taken over within a test's patience. */
export const WINDOW_MS = 80;

/** What a mutant leaves out. */
export interface CallerRules {
  readonly barrier: boolean;
  readonly clock: boolean;
}

export const SOUND_CALLER: CallerRules = { barrier: true, clock: true };

export interface Claimed {
  readonly messages: readonly Message[];
  readonly claimant: string;
  readonly slot: Slot;
  /** Permits that a claim of this claimant was told are its own. */
  readonly owned: Set<string>;
}

/** As much of a step as the last round, in which everybody comes back, has to say. */
export type Sending = Omit<SendStep, 'kind' | 'slot' | 'claimant'>;

export class Caller {
  readonly permits: Permits;

  constructor(
    readonly db: RaceDatabase,
    readonly stage: Stage,
    readonly trace: Trace,
    readonly provider: RaceProvider,
    readonly rules: CallerRules,
  ) {
    const permits = permitStore(db);
    this.permits = rules.barrier ? permits : { ...permits, barrier: () => Promise.resolve() };
  }

  /** Get permits, then hand over until the step's answers are used up or nothing is left to hand over. */
  async send(claimed: Claimed, step: Sending): Promise<void> {
    const isDispatchAlone = step.takesOver && claimed.owned.size > 0;
    let ids = isDispatchAlone ? await this.#takeOver(claimed) : await this.#claim(claimed, step);
    if (step.stop === 'afterClaim') return;
    await pause(step.beforeFenceMs);
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
      mayRepeat: slot.refusesDuplicates,
      messages: messages.map(({ permitId, person }) => ({ permitId, contactId: this.stage.contacts[person].id })),
    });
    for (const { id, mine, state } of rows) this.trace.add({ kind: 'claimed', permitId: id, claimant, mine, state });
    const mine = rows.filter((row) => row.mine);
    for (const { id } of mine) owned.add(id);
    return mine.filter((row) => row.state === 'claimed').map(({ id }) => id);
  }

  /** The second half of a send tried again, as the product's dispatch does it: without another claim. */
  async #takeOver({ owned, slot }: Claimed): Promise<string[]> {
    const rows = await this.permits.takeOver(this.stage.rootId, [...owned], slot.refusesDuplicates);
    return rows.filter((row) => row.state === 'claimed').map(({ id }) => id);
  }

  /** One fence and one provider call. Returns what may be tried again. */
  async #attempt(
    { messages, claimant }: Claimed,
    ids: readonly string[],
    answer: Answer,
    step: Sending,
  ): Promise<string[]> {
    const askedAt = performance.now();
    const fenced = await this.#for('fence', step).query<{ id: string; attempt: number }>(
      'select id, attempt from blocklist_fence($1, $2, make_interval(secs => $3))',
      [this.stage.rootId, ids, WINDOW_MS / 1000],
    );
    const rows = fenced.rows.flatMap((row) => {
      const message = messages.find(({ permitId }) => permitId === row.id);
      return message === undefined ? [] : [{ ...row, message }];
    });
    for (const row of rows) this.trace.add({ kind: 'fenced', permitId: row.id, attempt: row.attempt, claimant });
    if (step.stop === 'afterFence') return [];
    await pause(step.beforeCallMs);

    const startedAt = performance.now();
    const isInTime = startedAt - askedAt < WINDOW_MS || !this.rules.clock;
    let received: readonly Received[] = rows.map(() => 'refused' as const);
    if (isInTime) {
      for (const { id, attempt } of rows) this.trace.add({ kind: 'call', permitId: id, attempt, askedAt, startedAt });
      received = await Promise.all(rows.map((row) => this.provider.hand(row.message, answer, step.callMs)));
      rows.forEach((row, i) => {
        const taken = received[i] !== 'refused' && received[i] !== 'rejected';
        this.trace.add({ kind: 'answered', permitId: row.id, attempt: row.attempt, taken });
      });
    }
    if (step.stop === 'afterCall') return [];
    const settlements = rows.flatMap(({ id, attempt, message }, i): Settlement[] => {
      const state = stateOf(received[i] ?? 'lost', message);
      return state === undefined ? [] : [{ id, attempt, state }];
    });
    return this.#settle(settlements, step);
  }

  async #settle(settlements: readonly Settlement[], step: Sending): Promise<string[]> {
    for (const { id, attempt, state } of settlements) {
      this.trace.add({ kind: 'settling', permitId: id, attempt, refused: state === 'claimed' });
    }
    const settled = await permitStore(this.#for('settle', step)).settle(settlements);
    for (const row of settled) {
      const attempt = settlements.find(({ id }) => id === row.id)?.attempt ?? 0;
      this.trace.add({ kind: 'settled', permitId: row.id, attempt, state: row.state });
    }
    return settled.filter((row) => row.state === 'claimed').map((row) => row.id);
  }

  #for(point: 'claim' | 'fence' | 'settle', step: Sending): Database {
    return step.crash?.at === point ? this.db.crashing(step.crash.how) : this.db;
  }
}

/** A range of validities for each stage, so that expiring one stage's messages touches no other's. */
export const validitySeconds = (stage: Stage): number => (1000 + stage.number) * 86_400;

/** Undefined: nothing is written; the attempt is taken over once its window has passed. */
function stateOf(received: Received, message: Message): Settlement['state'] | undefined {
  switch (received) {
    case 'accepted':
    case 'duplicate':
      return 'sent';
    case 'refused':
      return 'claimed';
    case 'rejected':
      return 'rejected';
    case 'lost':
      return message.refusesDuplicates ? undefined : 'unknown';
  }
}

export async function pause(ms: number): Promise<void> {
  if (ms > 0) await sleep(ms);
}

/** A crash is part of the schedule; anything else is a failure of the test or of the product. */
export async function surviving(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isCrash(error)) throw error;
  }
}

function isCrash(error: unknown): boolean {
  return error instanceof CrashedError || (error instanceof Error && isCrash(error.cause));
}
