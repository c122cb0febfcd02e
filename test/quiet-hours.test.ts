import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTimeZone, quietHoursViolations, quietUntil } from '../src/domain/quiet-hours.js';

const until = (now: string, from: string, to: string, timeZone: string): string | undefined =>
  quietUntil(new Date(now), { from, to, timeZone })?.toISOString();

describe('quiet hours', () => {
  test.each([
    [
      'in the evening, until the next morning',
      '2027-01-10T21:30:00Z',
      '21:00',
      '08:00',
      'UTC',
      '2027-01-11T08:00:00.000Z',
    ],
    [
      'after midnight, until the same morning',
      '2027-01-11T03:00:00Z',
      '21:00',
      '08:00',
      'UTC',
      '2027-01-11T08:00:00.000Z',
    ],
    ['from the first minute', '2027-01-10T21:00:00Z', '21:00', '08:00', 'UTC', '2027-01-11T08:00:00.000Z'],
    ['not before it', '2027-01-10T20:59:59.999Z', '21:00', '08:00', 'UTC', undefined],
    ['not from the last minute on', '2027-01-11T08:00:00Z', '21:00', '08:00', 'UTC', undefined],
    ['to the millisecond', '2027-01-11T07:59:59.999Z', '21:00', '08:00', 'UTC', '2027-01-11T08:00:00.000Z'],
    ['within a day', '2027-01-10T13:00:00Z', '12:30', '14:00', 'UTC', '2027-01-10T14:00:00.000Z'],
    ['by the clock of the zone', '2027-01-10T20:30:00Z', '21:00', '08:00', 'Europe/Zagreb', '2027-01-11T07:00:00.000Z'],
    ['in zones of half hours', '2027-01-10T16:00:00Z', '21:00', '08:00', 'Asia/Kolkata', '2027-01-11T02:30:00.000Z'],
    [
      'in zones a day ahead',
      '2027-01-10T08:00:00Z',
      '21:00',
      '08:00',
      'Pacific/Kiritimati',
      '2027-01-10T18:00:00.000Z',
    ],
    // Clocks in Zagreb: 28 March 2027 from 2:00 to 3:00, 31 October 2027 from 3:00 back to 2:00.
    [
      'through the short night of spring',
      '2027-03-27T21:00:00Z',
      '21:00',
      '08:00',
      'Europe/Zagreb',
      '2027-03-28T06:00:00.000Z',
    ],
    [
      'through the long night of autumn',
      '2027-10-30T20:00:00Z',
      '21:00',
      '08:00',
      'Europe/Zagreb',
      '2027-10-31T07:00:00.000Z',
    ],
    [
      'until a time that the night skips',
      '2027-03-28T00:30:00Z',
      '21:00',
      '02:30',
      'Europe/Zagreb',
      '2027-03-28T01:00:00.000Z',
    ],
    [
      'until the first of two equal times',
      '2027-10-31T00:10:00Z',
      '21:00',
      '02:30',
      'Europe/Zagreb',
      '2027-10-31T00:30:00.000Z',
    ],
    [
      'and again when the clock is put back',
      '2027-10-31T01:10:00Z',
      '21:00',
      '02:30',
      'Europe/Zagreb',
      '2027-10-31T01:30:00.000Z',
    ],
    [
      'where clocks change at midnight',
      '2027-03-27T03:30:00Z',
      '21:00',
      '08:00',
      'America/Asuncion',
      '2027-03-27T11:00:00.000Z',
    ],
    ['where a day was skipped', '2011-12-30T08:00:00Z', '21:00', '08:00', 'Pacific/Apia', '2011-12-30T18:00:00.000Z'],
  ])('hold %s', (_name, now, from, to, timeZone, expected) => {
    expect(until(now, from, to, timeZone)).toBe(expected);
  });

  test('end at the first moment that is not quiet, in every zone and season', () => {
    const zone = fc.constantFrom(
      'Europe/Zagreb',
      'America/New_York',
      'Australia/Lord_Howe',
      'America/St_Johns',
      'Africa/Casablanca',
      'Asia/Kathmandu',
    );
    const time = fc
      .tuple(fc.nat(23), fc.nat(59))
      .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    const instant = fc.integer({ min: Date.UTC(2024, 0, 1), max: Date.UTC(2028, 0, 1) });
    const clock = (at: number, timeZone: string): string =>
      new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(at);
    fc.assert(
      fc.property(instant, time, time, zone, (now, from, to, timeZone) => {
        fc.pre(from !== to);
        const isQuiet = (at: number): boolean => {
          const local = clock(at, timeZone);
          return from < to ? local >= from && local < to : local >= from || local < to;
        };
        const end = quietUntil(new Date(now), { from, to, timeZone });
        expect(end !== undefined).toBe(isQuiet(now));
        if (end === undefined) return;
        expect(isQuiet(end.getTime())).toBe(false);
        for (let at = now; at < end.getTime(); at += 15 * 60_000) expect(isQuiet(at)).toBe(true);
        expect(isQuiet(end.getTime() - 1)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('that make no sense are refused, each mistake by name', () => {
    expect(quietHoursViolations({ from: '9pm', to: '24:00', timeZone: 'Middle/Earth' }, 'quietHours')).toEqual([
      { path: 'quietHours.from', message: 'must be a time such as 21:00' },
      { path: 'quietHours.to', message: 'must be a time such as 21:00' },
      { path: 'quietHours.timeZone', message: 'must be an IANA time zone such as Europe/Zagreb' },
    ]);
    expect(() => quietUntil(new Date(), { from: '08:00', to: '08:00', timeZone: 'UTC' })).toThrow(
      'to: must differ from `from`',
    );
  });

  test('know a time zone when they see one', () => {
    expect(['Europe/Zagreb', 'UTC', '', 'Zagreb', '21:00'].map(isTimeZone)).toEqual([true, true, false, false, false]);
  });
});
