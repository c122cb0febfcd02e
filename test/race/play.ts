// Plays one script on one stage, a random schedule being one of them, and brings everything to an end as the product would.
import { randomUUID } from 'node:crypto';
import * as actors from './actors.js';
import { Caller, surviving, WINDOW_MS, type CallerRules, type Claimed, type Sending } from './caller.js';
import { drain, finishReviews } from './drain.js';
import type { Breach } from './model.js';
import { RaceProvider } from './provider.js';
import type { RaceDatabase } from './race-database.js';
import type { Schedule, Slot, Step } from './schedule.js';
import { at, STREAMS, type Stage } from './stage.js';
import { Trace, type Message } from './trace.js';
import { pause } from './wait.js';

/** Two claimants for each slot. */
export type Claims = readonly (readonly [Claimed, Claimed])[];

export interface Script {
  /** What a reader needs to understand a fault. */
  readonly told: string;
  readonly slots: readonly Slot[];
  /** Default: the test's short one. */
  readonly windowMs?: number;
  run(caller: Caller, claims: Claims): Promise<unknown>;
}

export interface Played {
  readonly stage: Stage;
  readonly script: Script;
  readonly trace: Trace;
  readonly provider: RaceProvider;
  /** Found while the stage was still in play; the records cannot tell. */
  readonly breaches: readonly Breach[];
}

/** The workers of a schedule, side by side. */
export function scriptOf(schedule: Schedule): Script {
  return {
    told: JSON.stringify(schedule),
    slots: schedule.slots,
    run: (caller, claims) =>
      Promise.all(
        schedule.workers.map(async (steps) => {
          for (const step of steps) {
            await pause(step.delayMs);
            await surviving(() => act(caller, claims, step));
          }
        }),
      ),
  };
}

export async function play(db: RaceDatabase, stage: Stage, script: Script, rules: CallerRules): Promise<Played> {
  const trace = new Trace(stage.number);
  const provider = new RaceProvider();
  const claims = script.slots.map((slot, number): readonly [Claimed, Claimed] => {
    const messages = slot.people.map((person): Message => ({
      permitId: randomUUID(),
      slot: number,
      stream: slot.stream,
      person,
      refusesDuplicates: slot.refusesDuplicates,
      mayRepeat: slot.refusesDuplicates || at(STREAMS, slot.stream).purpose === 'SERVICE',
    }));
    for (const message of messages) trace.messages.set(message.permitId, message);
    return [
      { messages, claimant: randomUUID(), slot, owned: new Set() },
      { messages, claimant: randomUUID(), slot, owned: new Set() },
    ];
  });
  await script.run(new Caller(db, stage, trace, provider, rules, script.windowMs), claims);
  const breaches = await finish(new Caller(db, stage, trace, provider, rules), claims);
  return { stage, script, trace, provider, breaches };
}

async function act(caller: Caller, claims: Claims, step: Step): Promise<void> {
  switch (step.kind) {
    case 'send': {
      const claimed = claims[step.slot]?.[step.claimant];
      return claimed === undefined ? undefined : caller.send(claimed, step);
    }
    case 'optOut':
      return actors.optOut(caller, step);
    case 'optIn':
      return actors.optIn(caller, step);
    case 'reply':
      return actors.reply(caller, step);
    case 'read':
      return actors.read(caller, step);
    case 'halt':
      return actors.halt(caller, step);
  }
}

const LAST_TRY: Sending = {
  takesOver: false,
  beforeFence: 0,
  beforeCall: 0,
  call: 0,
  answers: ['accepted'],
};
/** On a busy machine a try may miss its window; many in a row are a fault. */
const ROUNDS = 50;

/** All replies are read, and all claimants come back once more except those that never do. */
async function finish(caller: Caller, claims: Claims): Promise<Breach[]> {
  const { db, stage, trace } = caller;
  const tag = trace.nextTag('read');
  trace.add({ kind: 'readingBegun', tag });
  // Twice: what cannot be read keeps the person's other replies back until it has gone to review.
  await drain(db, stage, { tag });
  await drain(db, stage, { tag });
  await finishReviews(db, stage, tag);
  const held = (await unended(caller)).filter((row) => row.holdReason === 'UNREAD_REPLY');
  const breaches = held.map(({ id }): Breach => ({
    property: 'end',
    what: `message ${id} is held for an unread reply although every reply was read: nothing would wake it`,
  }));
  for (let round = 0; round < ROUNDS; round += 1) {
    const open = await unended(caller);
    const owners = claims.flat().filter(({ slot }) => !slot.abandoned);
    const again = owners.filter(({ claimant }) => open.some((row) => row.claimant === claimant));
    if (again.length === 0) break;
    const latest = Math.max(0, ...open.map(({ waitMs }) => waitMs ?? 0));
    if (latest > 0) await pause(Math.min(latest, WINDOW_MS) + 5);
    await Promise.all(again.map((claimed) => caller.send(claimed, LAST_TRY)));
  }
  return breaches;
}

async function unended({ db, stage }: Caller) {
  const { phone0, phone1, mail0, mail1 } = stage.contacts;
  const found = await db.query<{ id: string; claimant: string; holdReason: string | null; waitMs: number | null }>(
    `select id, claimant, hold_reason as "holdReason",
       extract(epoch from dispatch_until - clock_timestamp())::float8 * 1000 as "waitMs" from sends
     where contact_id = any ($1::bigint[]) and state in ('claimed', 'held', 'dispatching')`,
    [[phone0.id, phone1.id, mail0.id, mail1.id]],
  );
  return found.rows;
}
