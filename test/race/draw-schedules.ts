// Draws random schedules. Operations are mostly aimed at messages of the schedule itself, sometimes just beside them:
// another account, channel, person or spelling of the sender.
import fc from 'fast-check';
import type { Covers, Source } from '../../src/domain/scope.js';
import { EVERYTHING, type Focus } from './focus.js';
import type { Crash } from './race-database.js';
import type { OptInStep, OptOutStep, HaltStep, ReplyStep, Schedule, Scope, SendStep, Slot, Step } from './schedule.js';
import { at, STREAMS, type AccountName, type Target } from './stage.js';

export function schedules(focus: Focus = EVERYTHING): fc.Arbitrary<Schedule> {
  return fc.array(slotOf(focus), { minLength: 2, maxLength: 4 }).chain((slots) =>
    fc.record({
      slots: fc.constant(slots),
      workers: fc.array(fc.array(stepOf(focus, slots), { minLength: 2, maxLength: 4 }), {
        minLength: 3,
        maxLength: 5,
      }),
    }),
  );
}

function slotOf(focus: Focus): fc.Arbitrary<Slot> {
  return fc
    .record({
      stream: fc.constantFrom(...focus.streams),
      first: fc.constantFrom(0, 0, 1),
      isForTwo: focus.people > 1 ? fc.boolean() : fc.constant(false),
      refusesDuplicates: fc.constantFrom(...focus.refusesDuplicates),
      abandoned: often(100),
    })
    .map(({ first, isForTwo, ...slot }) => {
      const all: readonly Target[] =
        at(STREAMS, slot.stream).channel === 'EMAIL' ? ['mail0', 'mail1'] : ['phone0', 'phone1'];
      const ordered = first === 0 ? all : [...all].reverse();
      return { ...slot, people: isForTwo ? ordered : ordered.slice(0, 1) };
    });
}

function stepOf(focus: Focus, slots: readonly Slot[]): fc.Arbitrary<Step> {
  const { weights } = focus;
  return fc
    .tuple(
      pause(8),
      fc.oneof(
        { weight: weights.send, arbitrary: sendOf(focus, slots.length) },
        { weight: weights.optOut, arbitrary: optOutOf(focus, slots) },
        { weight: weights.optIn, arbitrary: optInOf(focus) },
        { weight: weights.reply, arbitrary: replyOf(slots) },
        { weight: weights.read, arbitrary: crashable(focus, fc.record({ kind: fc.constant('read' as const) })) },
        { weight: weights.halt, arbitrary: haltOf(focus) },
      ),
    )
    .map(([delayMs, step]) => ({ delayMs, ...step }));
}

function sendOf(focus: Focus, slots: number): fc.Arbitrary<SendStep> {
  return fc
    .record({
      kind: fc.constant('send' as const),
      slot: fc.nat(slots - 1),
      claimant: fc.constantFrom(...focus.claimants),
      takesOver: often(200),
      beforeFence: fc.nat(focus.beforeFence),
      beforeCall: pause(focus.beforeCall),
      call: pause(focus.call),
      answers: fc.array(fc.constantFrom(...focus.answers), { minLength: 1, maxLength: 3 }),
      end: fc.nat(999),
      point: fc.constantFrom('claim' as const, 'fence' as const, 'settle' as const),
      how: fc.constantFrom<Crash>('before', 'during'),
    })
    .map(({ end, point, how, ...step }): SendStep => {
      if (end < focus.crashes) return { ...step, crash: { at: point, how } };
      if (end < focus.crashes + focus.stops) return { ...step, stop: STOPS[point] };
      return step;
    });
}

const STOPS = { claim: 'afterClaim', fence: 'afterFence', settle: 'afterCall' } as const;

function optOutOf(focus: Focus, slots: readonly Slot[]): fc.Arbitrary<OptOutStep> {
  const anywhere = fc.record({
    targets: fc.uniqueArray(fc.constantFrom(...focus.optOutTargets), { minLength: 1, maxLength: focus.people }),
    scope: focus.isWide ? fc.constant<Scope>({ account: 'root' }) : scopeOf(),
  });
  const step = fc.record({
    kind: fc.constant('optOut' as const),
    source: fc.constantFrom<Source>('MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM'),
    covers: fc.constantFrom<Covers>('ALL', 'ALL', 'MARKETING'),
    complaint: often(100),
    campaign: fc.constantFrom('first' as const, 'second' as const),
    receivedAt: fc.nat(4),
    where: fc.oneof(
      { weight: 1, arbitrary: anywhere },
      { weight: focus.isWide ? 0 : 3, arbitrary: aimedAt(focus, slots) },
    ),
  });
  return crashable(
    focus,
    step.map(({ where, ...rest }) => ({ ...rest, targets: where.targets, ...where.scope })),
  );
}

/** An opt-out of somebody whom a message of the schedule is for, just wide enough or wider. */
function aimedAt(focus: Focus, slots: readonly Slot[]): fc.Arbitrary<{ targets: readonly Target[]; scope: Scope }> {
  return fc
    .record({
      slot: fc.constantFrom(...slots),
      isOwnAccount: fc.boolean(),
      width: fc.constantFrom(...focus.widths),
      isDomain: often(300),
    })
    .map(({ slot, isOwnAccount, width, isDomain }) => {
      const { account, channel, sender } = at(STREAMS, slot.stream);
      return {
        targets: channel === 'EMAIL' && isDomain ? ['domain'] : slot.people,
        scope: {
          account: isOwnAccount ? account : 'root',
          ...(width === 'any' ? {} : { channel }),
          ...(width === 'sender' ? { sender: ALIASES[sender] ?? sender } : {}),
        },
      };
    });
}

/** Another way to write the same sender. */
const ALIASES: Readonly<Record<string, string>> = {
  '10950': '+10 950',
  '+10 950': '10950',
  Acme: 'ACME',
  ACME: 'acme',
};

function optInOf(focus: Focus): fc.Arbitrary<OptInStep> {
  const step = fc.record({
    kind: fc.constant('optIn' as const),
    target: fc.constantFrom(...focus.optOutTargets),
    actor: fc.constantFrom(
      'PERSON' as const,
      'PERSON' as const,
      'FLOW' as const,
      'OPERATOR' as const,
      'OPERATOR_WITH_OVERRIDE' as const,
    ),
    source: fc.constantFrom<Source>('MO', 'URL_OPT_OUT', 'CAMPAIGN', 'CUSTOM'),
    receivedAt: fc.nat(4),
    scope: focus.isWide ? fc.constant<Scope>({ account: 'root' }) : scopeOf(),
  });
  return crashable(
    focus,
    step.map(({ scope, ...rest }) => ({ ...rest, ...scope })),
  );
}

/** Mostly to the sender of the message it answers. */
function replyOf(slots: readonly Slot[]): fc.Arbitrary<ReplyStep> {
  return fc
    .record({
      slot: fc.constantFrom(...slots),
      isToAnother: often(200),
      text: fc.constantFrom<ReplyStep['text']>('STOP', 'STOP', 'STOP', 'STOP HERE', 'START', 'hello', 'unreadable'),
      receivedAt: fc.nat(4),
      twice: often(150),
    })
    .map(({ slot, isToAnother, ...step }): ReplyStep => ({
      ...step,
      kind: 'reply',
      person: at(slot.people, 0),
      sender: isToAnother ? 'Somebody' : at(STREAMS, slot.stream).sender,
    }));
}

function haltOf(focus: Focus): fc.Arbitrary<HaltStep> {
  return fc
    .record({ kind: fc.constant('halt' as const), resumeAfter: pause(focus.halt), scope: scopeOf() })
    .map(({ scope, ...step }) => ({ ...step, ...scope }));
}

/** Mostly what covers the traffic, sometimes just beside it: another account, channel or spelling of the sender. */
function scopeOf(): fc.Arbitrary<Scope> {
  return fc
    .record({
      account: fc.constantFrom<AccountName>('root', 'sub', 'sub', 'sub', 'sibling'),
      part: fc.constantFrom(...SCOPE_PARTS),
    })
    .map(({ account, part }) => ({ account, ...part }));
}

const SCOPE_PARTS: readonly Omit<Scope, 'account'>[] = [
  {},
  {},
  {},
  { channel: 'SMS' },
  { channel: 'EMAIL' },
  { channel: 'SMS', sender: '10 950' },
  { channel: 'SMS', sender: '+10950' },
  { sender: 'acme' },
  { channel: 'EMAIL', sender: 'News@Shop.example' },
];

function crashable<T extends object>(focus: Focus, step: fc.Arbitrary<T>): fc.Arbitrary<T & { crash?: Crash }> {
  return fc
    .tuple(step, often(focus.crashes), fc.constantFrom<Crash>('before', 'during'))
    .map(([rest, crashes, how]) => (crashes ? { ...rest, crash: how } : rest));
}

/** Half the time none at all. */
const pause = (mostMs: number): fc.Arbitrary<number> => fc.nat(mostMs * 2).map((value) => Math.max(0, value - mostMs));

const often = (inThousand: number): fc.Arbitrary<boolean> => fc.nat(999).map((value) => value < inThousand);
