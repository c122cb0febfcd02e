import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENTRY_CHANNELS } from '../src/domain/channel.js';
import {
  DECISION_ORDER,
  decide,
  decidingEntry,
  inScope,
  type SendFacts,
  type SendScope,
} from '../src/domain/decision.js';
import type { Entry } from '../src/domain/fold.js';
import { LIFT_TABLE, liftRefusal, liftableBy, lifts, type Actor } from '../src/domain/lifts.js';
import { SOURCES } from '../src/domain/scope.js';

const at = (second: number): Date => new Date(Date.UTC(2027, 0, 1, 12, 0, second));

const entry = (over: Partial<Entry> = {}): Entry => ({
  id: '1',
  contact: '7',
  accountKey: 'A',
  source: 'MO',
  covers: 'ALL',
  complaint: false,
  addedAt: at(10),
  lastReceivedAt: at(10),
  ...over,
});

const start = { kind: 'PERSON_KEYWORD', contact: '7', accountKey: 'A', level: 'FROM_ANY_SENDER' } as const;
const flow = { kind: 'FLOW_OPT_IN', contact: '7', accountKey: 'A', level: 'FROM_ANY_SENDER' } as const;

describe('the lift table', () => {
  test.each([
    [start, 'MO,URL_OPT_OUT,CAMPAIGN'],
    [{ ...flow, hasProof: true }, 'MO,URL_OPT_OUT,CAMPAIGN'],
    [{ ...flow, hasProof: false }, 'CAMPAIGN'],
    [{ kind: 'OPERATOR', record: { contact: '7', accountKey: 'A' } }, 'MO,URL_OPT_OUT,CAMPAIGN,CUSTOM'],
    [{ kind: 'UNDO', contact: '7', pressEventId: '1', pressedAt: at(10) }, 'URL_OPT_OUT'],
  ] as const)('%j lifts %s', (actor: Actor, sources) => {
    expect(liftableBy(actor).sources.join()).toBe(sources);
    expect(SOURCES.filter((source) => lifts(actor, entry({ source }), at(20))).join()).toBe(sources);
  });

  test('nobody but an operator who insists lifts a complaint', () => {
    const complaint = entry({ complaint: true, source: 'URL_OPT_OUT' });
    const record = { contact: '7', accountKey: 'A' };
    const actors: Actor[] = [
      start,
      { ...flow, hasProof: true },
      { ...flow, hasProof: false },
      { kind: 'OPERATOR', record },
      { kind: 'UNDO', contact: '7', pressEventId: '1', pressedAt: at(10) },
    ];
    for (const actor of actors) expect(lifts(actor, complaint, at(20))).toBe(false);
    expect(liftRefusal({ kind: 'OPERATOR', record }, complaint, at(20))).toBe('COMPLAINT');
    expect(lifts({ kind: 'OPERATOR', record, overridesComplaint: true }, complaint, at(20))).toBe(true);
  });

  test('no word of a person touches what an operator has put there', () => {
    for (const row of ['PERSON_KEYWORD', 'FLOW_OPT_IN_WITH_PROOF', 'FLOW_OPT_IN_WITHOUT_PROOF', 'UNDO'] as const) {
      expect(LIFT_TABLE[row].sources).not.toContain('CUSTOM');
    }
  });

  test('an opt-in counts only if received later than the last opt-out; a tie blocks', () => {
    expect(liftRefusal(start, entry(), at(9))).toBe('NOT_LATER');
    expect(liftRefusal(start, entry(), at(10))).toBe('NOT_LATER');
    expect(liftRefusal(start, entry(), new Date(at(10).getTime() + 1))).toBeUndefined();
    expect(liftRefusal(start, entry({ lastReceivedAt: at(15) }), at(12))).toBe('NOT_LATER');
  });

  test('from any sender lifts every level; from this sender only that channel and sender', () => {
    const one = { ...start, level: 'FROM_SENDER', channel: 'SMS', sender: '+10950' } as const;
    const narrow = entry({ channel: 'SMS', sender: '10 950' });
    expect(lifts(start, entry(), at(20))).toBe(true);
    expect(lifts(start, narrow, at(20))).toBe(true);
    expect(lifts(one, narrow, at(20))).toBe(true);
    expect(liftRefusal(one, entry(), at(20))).toBe('WIDER_THAN_LEVEL');
    expect(liftRefusal(one, entry({ channel: 'SMS' }), at(20))).toBe('WIDER_THAN_LEVEL');
    expect(liftRefusal(one, entry({ channel: 'RCS', sender: '10950' }), at(20))).toBe('WIDER_THAN_LEVEL');
    expect(liftRefusal(one, entry({ channel: 'SMS', sender: '10951' }), at(20))).toBe('WIDER_THAN_LEVEL');
    expect(liftRefusal({ ...start, level: 'FROM_SENDER' }, narrow, at(20))).toBe('WIDER_THAN_LEVEL');
  });

  test('reaches the account and those below it, never the one above, nor another person', () => {
    expect(lifts({ ...start, accountKey: 'P', subaccounts: ['A'] }, entry(), at(20))).toBe(true);
    expect(liftRefusal(start, entry({ accountKey: 'P' }), at(20))).toBe('OTHER_ACCOUNT');
    expect(liftRefusal(start, entry({ contact: '8' }), at(20))).toBe('OTHER_PERSON');
  });

  test('an operator names the record with every property it has, and knows of all that came before', () => {
    const full = entry({ channel: 'SMS', sender: '10950', source: 'CUSTOM' });
    const remove = (record: Partial<Extract<Actor, { kind: 'OPERATOR' }>['record']>): boolean =>
      lifts({ kind: 'OPERATOR', record: { contact: '7', accountKey: 'A', ...record } }, full, at(20));
    expect(remove({ channel: 'SMS', sender: '+10950', source: 'CUSTOM' })).toBe(true);
    expect(remove({ channel: 'SMS', sender: '+10950' })).toBe(true);
    expect(remove({ channel: 'SMS' })).toBe(false);
    expect(remove({ sender: '10950' })).toBe(false);
    expect(remove({})).toBe(false);
    expect(remove({ channel: 'SMS', sender: '10950', source: 'MO' })).toBe(false);
    expect(remove({ channel: 'SMS', sender: '10950', accountKey: 'P' })).toBe(false);
    const named: Actor = { kind: 'OPERATOR', record: { ...full, accountKey: 'A' } };
    expect([at(9), at(10), at(11)].map((when) => liftRefusal(named, full, when))).toEqual([
      'NOT_LATER',
      'NOT_LATER',
      undefined,
    ]);
  });

  test('an undo takes back that press and nothing else', () => {
    const undo = { kind: 'UNDO', contact: '7', pressEventId: '1', pressedAt: at(10) } as const;
    const pressed = entry({ source: 'URL_OPT_OUT' });
    expect(lifts(undo, pressed, at(20))).toBe(true);
    expect(liftRefusal({ ...undo, pressEventId: '2' }, pressed, at(20))).toBe('OTHER_RECORD');
    expect(liftRefusal(undo, { ...pressed, lastReceivedAt: at(15) }, at(20))).toBe('NOT_LATER');
    expect(liftRefusal(undo, pressed, at(10))).toBe('NOT_LATER');
  });
});

describe('the decision', () => {
  const send: SendScope = {
    accounts: ['A', 'P'],
    channel: 'SMS',
    sender: '10950',
    purpose: 'MARKETING',
    contact: '7',
    domainContact: '70',
  };
  const clear: SendFacts = {
    isInvalid: false,
    entries: [],
    isHalted: false,
    hasUnreadReply: false,
    isCapReached: false,
    overCap: 'HOLD',
  };

  test.each([
    ['the account', {}, true],
    ['its parent', { accountKey: 'P' }, true],
    ['another account', { accountKey: 'X' }, false],
    ['the channel', { channel: 'SMS' }, true],
    ['another channel', { channel: 'EMAIL' }, false],
    ['the sender, written otherwise', { sender: '+10 950' }, true],
    ['another sender', { sender: '10951' }, false],
    ['marketing', { covers: 'MARKETING' }, true],
    ['the domain of the address', { contact: '70' }, true],
    ['another person', { contact: '8' }, false],
  ] as const)('an entry for %s is in scope: %s', (_name, over, expected) => {
    expect(inScope(entry(over), send)).toBe(expected);
  });

  test('a service message passes an entry for marketing and no entry for all', () => {
    const service: SendScope = { ...send, purpose: 'SERVICE' };
    expect(inScope(entry({ covers: 'MARKETING' }), service)).toBe(false);
    expect(inScope(entry(), service)).toBe(true);
  });

  test('a wider entry is in scope wherever a narrower one is', () => {
    const option = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
    const channel = fc.constantFrom(...ENTRY_CHANNELS);
    const sender = fc.constantFrom('10950', '+10950', 'Shop', 'SHOP');
    fc.assert(
      fc.property(
        channel,
        sender,
        option(channel),
        option(sender),
        (sendChannel, sendSender, entryChannel, entrySender) => {
          const narrow = entry({
            ...(entryChannel === undefined ? {} : { channel: entryChannel }),
            ...(entrySender === undefined ? {} : { sender: entrySender }),
          });
          const message: SendScope = { ...send, channel: sendChannel, sender: sendSender };
          if (inScope(narrow, message)) expect(inScope(entry(), message)).toBe(true);
        },
      ),
    );
  });

  test('the first reason in the written order decides', () => {
    expect(DECISION_ORDER.join(' > ')).toBe(
      'INVALID > ENTRY > HALT > UNREAD_REPLY > QUIET_HOURS > FREQUENCY_CAP > PERMITTED',
    );
    const everything: SendFacts = {
      isInvalid: true,
      entries: [entry()],
      isHalted: true,
      hasUnreadReply: true,
      quietUntil: at(30),
      isCapReached: true,
      overCap: 'HOLD',
    };
    expect(decide(send, everything)).toEqual({ kind: 'invalid' });
    expect(decide(send, { ...everything, isInvalid: false })).toEqual({ kind: 'blocked', entry: entry() });
    const noEntry = { ...everything, isInvalid: false, entries: [] };
    expect(decide(send, noEntry)).toEqual({ kind: 'held', reason: 'HALT' });
    expect(decide(send, { ...noEntry, isHalted: false })).toEqual({ kind: 'held', reason: 'UNREAD_REPLY' });
    expect(decide(send, { ...clear, quietUntil: at(30), isCapReached: true })).toEqual({
      kind: 'held',
      reason: 'QUIET_HOURS',
      until: at(30),
    });
    expect(decide(send, { ...clear, isCapReached: true })).toEqual({ kind: 'held', reason: 'FREQUENCY_CAP' });
    expect(decide(send, { ...clear, isCapReached: true, overCap: 'BLOCK' })).toEqual({ kind: 'blocked' });
    expect(decide(send, clear)).toEqual({ kind: 'permitted' });
  });

  test('a service message ignores caps, quiet hours and unread replies, but no halt', () => {
    const service: SendScope = { ...send, purpose: 'SERVICE' };
    expect(decide(service, { ...clear, hasUnreadReply: true, quietUntil: at(30), isCapReached: true })).toEqual({
      kind: 'permitted',
    });
    expect(decide(service, { ...clear, isHalted: true })).toEqual({ kind: 'held', reason: 'HALT' });
  });

  test('of several entries the one that is hardest to lift is named', () => {
    const mo = entry({ id: '3' });
    const custom = entry({ id: '9', source: 'CUSTOM' });
    const complaint = entry({ id: '10', source: 'URL_OPT_OUT', complaint: true });
    const older = entry({ id: '2', source: 'URL_OPT_OUT' });
    const other = entry({ id: '1', contact: '8', complaint: true });
    expect(decidingEntry([older, mo, custom, complaint, other], send)).toBe(complaint);
    expect(decidingEntry([older, mo, custom], send)).toBe(custom);
    expect(decidingEntry([older, mo], send)).toBe(mo);
    expect(decidingEntry([entry({ id: '10' }), mo], send)).toBe(mo);
    expect(decidingEntry([other], send)).toBeUndefined();
  });
});
