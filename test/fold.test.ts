import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  effectOf,
  entryKeyText,
  foldEvent,
  foldLedger,
  type BlockEvent,
  type Entry,
  type LedgerEvent,
  type UnblockEvent,
} from '../src/domain/fold.js';

const at = (second: number): Date => new Date(Date.UTC(2027, 0, 1, 12, 0, second));

const block = (id: string, over: Partial<BlockEvent> = {}): BlockEvent => ({
  kind: 'BLOCK',
  id,
  contact: '7',
  accountKey: 'A',
  source: 'MO',
  covers: 'ALL',
  complaint: false,
  at: at(Number(id)),
  receivedAt: at(Number(id)),
  ...over,
});

const unblock = (id: string, over: Partial<UnblockEvent> = {}): UnblockEvent => ({
  kind: 'UNBLOCK',
  id,
  contact: '7',
  accountKey: 'A',
  source: 'MO',
  effect: 'removed',
  at: at(Number(id)),
  receivedAt: at(Number(id)),
  ...over,
});

const entries = (...events: LedgerEvent[]): Entry[] => [...foldLedger(events).values()];

describe('folding the ledger', () => {
  test('an opt-out adds an entry that remembers its event, campaign and time', () => {
    expect(entries(block('1', { campaign: 'spring', channel: 'SMS', sender: '+10950', receivedAt: at(0) }))).toEqual([
      {
        id: '1',
        contact: '7',
        accountKey: 'A',
        source: 'MO',
        channel: 'SMS',
        sender: '+10950',
        covers: 'ALL',
        complaint: false,
        campaign: 'spring',
        addedAt: at(1),
        lastReceivedAt: at(0),
      },
    ]);
  });

  test('the first campaign is never overwritten, and the latest wish is kept', () => {
    const [entry] = entries(block('1', { campaign: 'spring' }), block('2', { campaign: 'summer' }));
    expect(entry).toMatchObject({ id: '1', campaign: 'spring', addedAt: at(1), lastReceivedAt: at(2) });
  });

  test('a first opt-out without a campaign does not take the campaign of a later one', () => {
    const [entry] = entries(block('1'), block('2', { campaign: 'summer' }));
    expect(entry?.campaign).toBeUndefined();
  });

  test('a late delivery of an earlier wish does not move the latest one back', () => {
    expect(entries(block('1', { receivedAt: at(9) }), block('2', { receivedAt: at(3) }))[0]?.lastReceivedAt).toEqual(
      at(9),
    );
  });

  test('ALL replaces MARKETING and never the reverse', () => {
    expect(entries(block('1', { covers: 'MARKETING' }), block('2'))[0]?.covers).toBe('ALL');
    expect(entries(block('1'), block('2', { covers: 'MARKETING' }))[0]?.covers).toBe('ALL');
  });

  test('a complaint sticks', () => {
    expect(entries(block('1', { complaint: true }), block('2'))[0]?.complaint).toBe(true);
    expect(entries(block('1'), block('2', { complaint: true }))[0]?.complaint).toBe(true);
  });

  test('an opt-in removes the entry it names, and only that', () => {
    const events = [block('1'), block('2', { source: 'CUSTOM' }), block('3', { sender: '10950' }), unblock('4')];
    expect(entries(...events).map((entry) => entry.id)).toEqual(['2', '3']);
  });

  test('an opt-in without effect is history only', () => {
    expect(entries(block('1'), unblock('2', { effect: 'nothing' }))).toHaveLength(1);
  });

  test('an entry added again is a new one, with the campaign of that day', () => {
    const [entry] = entries(block('1', { campaign: 'spring' }), unblock('2'), block('3', { campaign: 'autumn' }));
    expect(entry).toMatchObject({ id: '3', campaign: 'autumn', addedAt: at(3) });
  });

  test('senders that match are one key, others are not', () => {
    expect(entryKeyText(block('1', { sender: '+10950' }))).toBe(entryKeyText(block('2', { sender: '10 950' })));
    expect(entryKeyText(block('1', { sender: '10950' }))).not.toBe(entryKeyText(block('1')));
    expect(entryKeyText(block('1', { channel: 'SMS' }))).not.toBe(entryKeyText(block('1')));
  });

  test('says what each event does', () => {
    const marketing = foldEvent(undefined, block('1', { covers: 'MARKETING' }));
    expect(effectOf(undefined, block('1'))).toBe('added');
    expect(effectOf(marketing, block('2'))).toBe('strengthened');
    expect(effectOf(marketing, block('2', { covers: 'MARKETING', complaint: true }))).toBe('strengthened');
    expect(effectOf(marketing, block('2', { covers: 'MARKETING' }))).toBe('already');
    expect(effectOf(marketing, unblock('2'))).toBe('removed');
    expect(effectOf(marketing, unblock('2', { effect: 'nothing' }))).toBe('nothing');
    expect(effectOf(undefined, unblock('2'))).toBe('nothing');
  });
});

test('without opt-ins no order of events loses an entry, its strength or the latest wish', () => {
  const event = fc.record({
    contact: fc.constantFrom('1', '2'),
    source: fc.constantFrom('MO' as const, 'CUSTOM' as const),
    sender: fc.constantFrom('10950', '10 950', 'Shop'),
    covers: fc.constantFrom('ALL' as const, 'MARKETING' as const),
    complaint: fc.boolean(),
    receivedAt: fc.integer({ min: 0, max: 5 }).map(at),
  });
  const strength = (events: readonly LedgerEvent[]): string[] =>
    [...foldLedger(events)]
      .map(([key, e]) => [key, e.covers, e.complaint, e.lastReceivedAt.toISOString()].join())
      .sort();
  fc.assert(
    fc.property(fc.array(event, { maxLength: 12 }), (made) => {
      const events = made.map((over, i) => block(String(i), over));
      expect(strength(events)).toEqual(strength([...events].reverse()));
    }),
  );
});
