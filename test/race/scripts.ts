// Meetings brought about on purpose, so that whatever rule a mutant leaves out, the moment in which it matters does come,
// on the busiest machine too: operations wait for each other, never for the clock. The sound protocol plays them as well.
import * as actors from './actors.js';
import type { Claimed, Sending } from './caller.js';
import type { Point } from './gate.js';
import type { Claims, Script } from './play.js';
import type { OptOutStep, Scope, Slot } from './schedule.js';
import { at, type Target } from './stage.js';
import { pause, signal } from './wait.js';

const SEND: Sending = { takesOver: false, beforeFence: 0, beforeCall: 0, call: 0, answers: ['accepted'] };

/** Streams of the stage by what they stand for. */
const SMS = 0;
const SPELT_OTHERWISE = 1;
const MAIL = 5;

const slot = (stream: number, people: readonly Target[], refusesDuplicates = true): Slot => ({
  stream,
  people,
  refusesDuplicates,
  abandoned: false,
});

const optOutOf = (targets: readonly Target[], scope: Partial<Scope> = {}): OptOutStep => ({
  kind: 'optOut',
  targets,
  source: 'MO',
  covers: 'ALL',
  complaint: false,
  receivedAt: 1,
  account: 'root',
  ...scope,
});

/** A change that has to stop the message, resolved when it is acknowledged. */
type Change = (caller: actors.Cast) => Promise<unknown>;

const optOut =
  (targets: readonly Target[], scope?: Partial<Scope>): Change =>
  (caller) =>
    actors.optOut(caller, optOutOf(targets, scope));

const reply: Change = (caller) =>
  actors.reply(caller, {
    kind: 'reply',
    person: 'phone0',
    sender: '10950',
    text: 'hello',
    receivedAt: 1,
    twice: false,
  });

/** Acknowledged, and over when told so. */
function halt(caller: actors.Cast): {
  readonly acknowledged: Promise<unknown>;
  readonly resume: () => void;
  done: Promise<void>;
} {
  const [acknowledged, resumed] = [signal(), signal()];
  const done = actors.halt(caller, {
    account: 'root',
    resumeAfter: () => {
      acknowledged.resolve();
      return resumed.promise;
    },
  });
  return { acknowledged: acknowledged.promise, resume: () => resumed.resolve(), done };
}

const first = (claims: Claims): Claimed => at(claims, 0)[0];

/** The change is acknowledged between permit and fence. */
function betweenPermitAndFence(told: string, of: Slot, change: Change): Script {
  return {
    told: `${told} between permit and fence`,
    slots: [of],
    run: (caller, claims) => caller.send(first(claims), { ...SEND, beforeFence: () => change(caller) }),
  };
}

/** The change is acknowledged before anybody asks for a permit. */
function beforeClaim(told: string, of: Slot, change: Change): Script {
  return {
    told: `${told} before the claim`,
    slots: [of],
    run: async (caller, claims) => {
      await change(caller);
      await caller.send(first(claims), SEND);
    },
  };
}

/** The claim has decided and not yet written when the change comes; it goes on when the change is done or has to wait. */
function withinClaim(told: string, of: Slot, change: Change, point: Point = 'decided'): Script {
  return {
    told: `${told} within the claim, ${point}`,
    slots: [of],
    run: async (caller, claims) => {
      const gate = await caller.db.gate();
      const [claimed, changed] = [signal(), signal<unknown>()];
      const beforeFence = (): Promise<unknown> => {
        claimed.resolve();
        return changed.promise;
      };
      const sent = caller.send(first(claims), { ...SEND, pause: { at: point, gate }, beforeFence });
      await gate.reached(Promise.race([claimed.promise, sent]));
      const changing = change(caller);
      changing.then(changed.resolve, changed.reject);
      await caller.db.doneOrBlocked(changing, `-of-${caller.stage.number}`);
      await gate.open();
      await Promise.all([sent, changing]);
    },
  };
}

/** A window nobody can miss: these scripts wait for events, not for its end. */
const NEVER_MISSED_MS = 15_000;
const WINDOW_TO_WAIT_FOR_MS = 1_000;

/** Resolves when an opt-out waits behind the barrier for a call that may still start; the mutant never gets there. */
function optOutToTheBarrier({ db, stage, trace, permits }: actors.Cast) {
  const atBarrier = signal();
  const barrier = (contacts: readonly string[]): Promise<void> => {
    atBarrier.resolve();
    return permits.barrier(contacts);
  };
  const acknowledged = optOut(['phone0'])({ db, stage, trace, permits: { ...permits, barrier } });
  return { acknowledged, underWay: Promise.race([acknowledged, atBarrier.promise]) };
}

const inDispatch: Script = {
  told: 'an opt-out between the fence and a call that starts in time',
  slots: [slot(SMS, ['phone0'])],
  windowMs: NEVER_MISSED_MS,
  run: async (caller, claims) => {
    let acknowledged: Promise<unknown> | undefined;
    const beforeCall = async (): Promise<void> => {
      const opting = optOutToTheBarrier(caller);
      ({ acknowledged } = opting);
      await opting.underWay;
    };
    await caller.send(first(claims), { ...SEND, beforeCall });
    await acknowledged;
  },
};

const tooLate: Script = {
  told: 'an opt-out acknowledged between the fence and the clock check',
  slots: [slot(SMS, ['phone0'])],
  run: (caller, claims) => caller.send(first(claims), { ...SEND, beforeCall: () => optOut(['phone0'])(caller) }),
};

const afterTheClock: Script = {
  told: 'an opt-out acknowledged while a caller dawdles after its clock check',
  slots: [slot(SMS, ['phone0'])],
  run: async (caller, claims) => {
    let acknowledged: Promise<unknown> | undefined;
    // Not waited for: the caller goes on at once.
    const beforeCall = async (): Promise<void> => void (acknowledged ??= optOut(['phone0'])(caller));
    await caller.send(first(claims), { ...SEND, beforeCall });
    await acknowledged;
  },
};

const refused: Script = {
  told: 'an opt-out while the provider refuses the message, which is then tried again',
  slots: [slot(SMS, ['phone0'])],
  windowMs: NEVER_MISSED_MS,
  run: async (caller, claims) => {
    let opting: ReturnType<typeof optOutToTheBarrier> | undefined;
    const beforeCall = async (): Promise<unknown> => opting?.acknowledged;
    const call = async (): Promise<void> => {
      opting ??= optOutToTheBarrier(caller);
      await opting.underWay;
    };
    await caller.send(first(claims), { ...SEND, beforeCall, call, answers: ['refused', 'accepted'] });
    await opting?.acknowledged;
  },
};

const zombie: Script = {
  told: 'an attempt taken for dead settles while the next one is at the provider',
  slots: [slot(SMS, ['phone0'])],
  windowMs: WINDOW_TO_WAIT_FOR_MS,
  run: async (caller, claims) => {
    const [isCalled, isSettled] = [signal(), signal()];
    const next = async (): Promise<void> => {
      await pause(caller.windowMs + 20);
      await caller.send(first(claims), {
        ...SEND,
        call: () => {
          isCalled.resolve();
          return isSettled.promise;
        },
      });
    };
    let later: Promise<void> | undefined;
    const call = async (): Promise<void> => {
      later = next();
      // On a busy machine the next one may miss its window; then there is nothing to meet.
      await Promise.race([isCalled.promise, later]);
    };
    await caller.send(first(claims), { ...SEND, call, answers: ['refused'] });
    isSettled.resolve();
    await later;
  },
};

const lostAnswer: Script = {
  told: 'an answer lost by a provider that takes a repeated id for a second message',
  slots: [slot(SMS, ['phone0'], false)],
  run: (caller, claims) => caller.send(first(claims), { ...SEND, answers: ['lost', 'accepted'] }),
};

const sameKey: Script = {
  told: 'two claimants of one key',
  slots: [slot(SMS, ['phone0'])],
  run: async (caller, claims) => {
    await caller.send(first(claims), { ...SEND, stop: 'afterClaim' });
    await caller.send(at(claims, 0)[1], SEND);
  },
};

const halted: Script = {
  told: 'a halt between permit and fence',
  slots: [slot(SMS, ['phone0'])],
  run: async (caller, claims) => {
    let halting: ReturnType<typeof halt> | undefined;
    const beforeFence = async (): Promise<unknown> => (halting = halt(caller)).acknowledged;
    await caller.send(first(claims), { ...SEND, beforeFence });
    halting?.resume();
    await halting?.done;
  },
};

const tie: Script = {
  told: 'an opt-out and opt-ins received at the same time',
  slots: [slot(SMS, ['phone0'])],
  run: async (caller) => {
    const scope = { account: 'root', target: 'phone0', source: 'MO', receivedAt: 1, kind: 'optIn' } as const;
    await optOut(['phone0'])(caller);
    await actors.optIn(caller, { ...scope, actor: 'PERSON' });
    await actors.optIn(caller, { ...scope, actor: 'OPERATOR' });
  },
};

/** The sender of stream `SPELT_OTHERWISE` is "+10 950", that of `SMS` is "10950"; the key of both is the latter. */
const fromSender: Partial<Scope> = { account: 'sub', channel: 'SMS' };
const phone = slot(SMS, ['phone0']);
const phones = slot(SMS, ['phone0', 'phone1']);

export const SCRIPTS = {
  optOutBetween: betweenPermitAndFence('an opt-out', phone, optOut(['phone0'])),
  optOutWithin: withinClaim('an opt-out', phone, optOut(['phone0'])),
  optOutBefore: beforeClaim('an opt-out', phone, optOut(['phone0'])),
  ofTwoWithin: withinClaim('an opt-out of two people', phones, optOut(['phone0', 'phone1']), 'half-locked'),
  senderBetween: betweenPermitAndFence(
    'an opt-out from a sender',
    slot(SPELT_OTHERWISE, ['phone0']),
    optOut(['phone0'], { ...fromSender, sender: '10950' }),
  ),
  senderBefore: beforeClaim(
    'an opt-out from a sender',
    phone,
    optOut(['phone0'], { ...fromSender, sender: '+10 950' }),
  ),
  domainBetween: betweenPermitAndFence('an opt-out of a domain', slot(MAIL, ['mail0', 'mail1']), optOut(['domain'])),
  domainWithin: withinClaim('an opt-out of a domain', slot(MAIL, ['mail0', 'mail1']), optOut(['domain'])),
  domainBefore: beforeClaim('an opt-out of a domain', slot(MAIL, ['mail0', 'mail1']), optOut(['domain'])),
  replyBetween: betweenPermitAndFence('a reply', phone, reply),
  replyWithin: withinClaim('a reply', phone, reply),
  replyBefore: beforeClaim('a reply', phone, reply),
  halted,
  inDispatch,
  tooLate,
  afterTheClock,
  refused,
  zombie,
  lostAnswer,
  sameKey,
  tie,
} as const satisfies Readonly<Record<string, Script>>;
