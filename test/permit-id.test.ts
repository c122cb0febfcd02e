import fc from 'fast-check';
import { expect, test } from 'vitest';
import { claimantFor, permitIdForKey, permitIdForScoped, scopeHash } from '../src/domain/permit-id.js';

const UUID_V8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MOST = (1n << 61n) - 1n;

test('the same key gives the same permit for ever', () => {
  expect(permitIdForKey('00000000000000000000000000000001', 'order-17')).toBe('4d8c5e22-9abb-80e1-8eac-f9c5e9eb3e56');
  expect(permitIdForScoped(scopeHash('00000000000000000000000000000001', 'broadcast-5'), 17n)).toBe(
    'a1cfdf0d-e8e2-8935-a000-000000000011',
  );
  expect(claimantFor('run 1')).toBe('bd5729d3-acb1-8411-9478-e803e792a05e');
});

test('every id is a UUID of version 8', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      fc.bigInt(0n, MOST),
      (account, key, ordinal) => {
        expect(permitIdForKey(account, key)).toMatch(UUID_V8);
        expect(claimantFor(key)).toMatch(UUID_V8);
        expect(permitIdForScoped(scopeHash(account, key), ordinal)).toMatch(UUID_V8);
      },
    ),
  );
});

test('another account, key, scope or ordinal is another permit', () => {
  expect(permitIdForKey('A', 'k')).not.toBe(permitIdForKey('B', 'k'));
  expect(permitIdForKey('A', 'k')).not.toBe(permitIdForKey('A', 'l'));
  expect(permitIdForKey('A', 'Bk')).not.toBe(permitIdForKey('AB', 'k'));
  expect(scopeHash('A', 'Bk')).not.toEqual(scopeHash('AB', 'k'));
  expect(permitIdForScoped(scopeHash('A', 's'), 1n)).not.toBe(permitIdForScoped(scopeHash('A', 't'), 1n));
  expect(claimantFor('A')).not.toBe(claimantFor('B'));
});

test('ids of one scope are ordered by their ordinal', () => {
  const ordinal = fc.oneof(fc.bigInt(0n, MOST), fc.bigInt(0n, 300n), fc.constantFrom(0xffffffffn, 0x100000000n, MOST));
  const scope = scopeHash('A', 's');
  fc.assert(
    fc.property(ordinal, ordinal, (a, b) => {
      const ids = [permitIdForScoped(scope, a), permitIdForScoped(scope, b)] as const;
      expect(ids[0] < ids[1]).toBe(a < b);
      expect(ids[0] === ids[1]).toBe(a === b);
    }),
    { numRuns: 1_000 },
  );
});

test('a numbered permit can never have the id of one made from a key', () => {
  const isScoped = (id: string): boolean => (Number.parseInt(id.slice(19, 21), 16) & 0x20) !== 0;
  fc.assert(
    fc.property(fc.string(), fc.bigInt(0n, MOST), (text, ordinal) => {
      expect(isScoped(permitIdForKey('A', text))).toBe(false);
      expect(isScoped(permitIdForScoped(scopeHash('A', text), ordinal))).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

test('an ordinal that does not fit is refused', () => {
  for (const ordinal of [-1n, MOST + 1n]) {
    expect(() => permitIdForScoped(scopeHash('A', 's'), ordinal)).toThrow(RangeError);
  }
  expect(() => permitIdForScoped(Buffer.alloc(7), 1n)).toThrow(RangeError);
});
