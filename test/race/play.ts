// Plays one schedule on one stage: the workers side by side, then everything brought to an end as the product would.
import { randomUUID } from 'node:crypto';
import * as actors from './actors.js';
import { Caller, pause, surviving, WINDOW_MS, type CallerRules, type Claimed, type Sending } from './caller.js';
import { drain } from './drain.js';
import type { Breach } from './model.js';
import { RaceProvider } from './provider.js';
import type { RaceDatabase } from './race-database.js';
import type { Schedule, Step } from './schedule.js';
import type { Stage } from './stage.js';
import { Trace, type Message } from './trace.js';

export interface Played {
  readonly stage: Stage;
  readonly schedule: Schedule;
  readonly trace: Trace;
  readonly provider: RaceProvider;
  /** Found while the stage was still in play; the records cannot tell. */
  readonly breaches: readonly Breach[];
}

export async function play(db: RaceDatabase, stage: Stage, schedule: Schedule, rules: CallerRules): Promise<Played> {
  const trace = new Trace();
  const provider = new RaceProvider();
  const caller = new Caller(db, stage, trace, provider, rules);
  const claims = schedule.slots.map((slot, number): readonly [Claimed, Claimed] => {
    const messages = slot.people.map((person): Message => ({
      permitId: randomUUID(),
      slot: number,
      stream: slot.stream,
      person,
      refusesDuplicates: slot.refusesDuplicates,
    }));
    for (const message of messages) trace.messages.set(message.permitId, message);
    return [
      { messages, claimant: randomUUID(), slot, owned: new Set() },
      { messages, claimant: randomUUID(), slot, owned: new Set() },
    ];
  });

  await Promise.all(
    schedule.workers.map(async (steps) => {
      for (const step of steps) {
        await pause(step.delayMs);
        await surviving(() => act(caller, claims, step));
      }
    }),
  );
  const breaches = await finish(caller, claims);
  return { stage, schedule, trace, provider, breaches };
}

async function act(caller: Caller, claims: readonly (readonly [Claimed, Claimed])[], step: Step): Promise<void> {
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
  beforeFenceMs: 0,
  beforeCallMs: 0,
  callMs: 0,
  answers: ['accepted'],
};
/** On a busy machine a try may miss its window; many in a row are a fault. */
const ROUNDS = 50;

/** All replies are read, and all claimants come back once more except those that never do. */
async function finish(caller: Caller, claims: readonly (readonly [Claimed, Claimed])[]): Promise<Breach[]> {
  const { db, stage } = caller;
  const tag = caller.trace.nextTag('read');
  caller.trace.add({ kind: 'readingBegun', tag });
  await drain(db, stage, tag, true);
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
    if (open.some((row) => row.state === 'dispatching')) await pause(WINDOW_MS + 5);
    await Promise.all(again.map((claimed) => caller.send(claimed, LAST_TRY)));
  }
  return breaches;
}

async function unended({ db, stage }: Caller) {
  const { phone0, phone1, mail0, mail1 } = stage.contacts;
  const found = await db.query<{ id: string; claimant: string; state: string; holdReason: string | null }>(
    `select id, claimant, state, hold_reason as "holdReason" from sends
     where contact_id = any ($1::bigint[]) and state in ('claimed', 'held', 'dispatching')`,
    [[phone0.id, phone1.id, mail0.id, mail1.id]],
  );
  return found.rows;
}
