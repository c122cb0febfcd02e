import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ENTRY_CHANNELS } from '../src/domain/channel.js';
import { dayNumber, readOptOutLink, signOptOutLink, type OptOutLink } from '../src/domain/opt-out-link.js';

const key = Buffer.alloc(32, 1);
const older = Buffer.alloc(32, 2);
const nowDay = 20_800;

const link: OptOutLink = {
  permitId: '0123abcd-4567-8901-a234-56789abcdef0',
  contactId: '9007199254740993',
  accountId: 1,
  channel: 'EMAIL',
  senderId: 4_294_967_295,
  campaignId: 12,
  level: 'FROM_SENDER',
  issuedDay: 20_700,
};

const anyLink: fc.Arbitrary<OptOutLink> = fc.record({
  permitId: fc.uuid(),
  contactId: fc.bigInt(0n, (1n << 63n) - 1n).map(String),
  accountId: fc.nat(),
  channel: fc.constantFrom(...ENTRY_CHANNELS),
  senderId: fc.nat(),
  campaignId: fc.integer({ min: 1, max: 0xffffffff }),
  level: fc.constantFrom('FROM_SENDER' as const, 'FROM_ANY_SENDER' as const),
  issuedDay: fc.integer({ min: 0, max: 0xffff }),
});

test('a link carries contact, account, channel, sender, campaign, level and message', () => {
  const token = signOptOutLink(key, link);
  expect(token).toMatch(/^[A-Za-z0-9_-]{76}$/);
  expect(readOptOutLink([key], token, { nowDay })).toEqual({ kind: 'valid', payload: link, expired: false });
  const { campaignId: _campaignId, ...without } = link;
  expect(readOptOutLink([key], signOptOutLink(key, without), { nowDay })).toEqual({
    kind: 'valid',
    payload: without,
    expired: false,
  });
});

test('links made today are read for ever', () => {
  expect(signOptOutLink(key, link)).toBe(
    'AQEjq81FZ4kBojRWeJq83vAAIAAAAAAAAQAAAAEF_____wAAAAwCUNwUjjSBVlajA00CCU1zjDOX',
  );
});

test('every link reads as it was signed', () => {
  fc.assert(
    fc.property(anyLink, (made) => {
      expect(readOptOutLink([older, key], signOptOutLink(key, made), { nowDay })).toMatchObject({
        kind: 'valid',
        payload: made,
      });
    }),
  );
});

test('a link stays valid 400 days, and an expired one still says who wants out', () => {
  const token = signOptOutLink(key, link);
  expect(readOptOutLink([key], token, { nowDay: 20_700 + 400 })).toMatchObject({ expired: false });
  expect(readOptOutLink([key], token, { nowDay: 20_700 + 401 })).toEqual({
    kind: 'valid',
    payload: link,
    expired: true,
  });
  expect(readOptOutLink([key], token, { nowDay: 20_711, validDays: 10 })).toMatchObject({ expired: true });
});

test('after a key was replaced its links are read as long as it stays in the list', () => {
  const token = signOptOutLink(older, link);
  expect(readOptOutLink([key, older], token, { nowDay })).toMatchObject({ kind: 'valid' });
  expect(readOptOutLink([key], token, { nowDay })).toEqual({ kind: 'forged' });
  expect(readOptOutLink([], token, { nowDay })).toEqual({ kind: 'forged' });
});

test('whatever bit of a token is changed, it is not accepted', () => {
  const bytes = Buffer.from(signOptOutLink(key, link), 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const reading = readOptOutLink([key], changed.toString('base64url'), { nowDay });
    expect(reading.kind).toBe(bit < 8 ? 'unknownVersion' : 'forged');
  }
});

test('a token that was cut, lengthened or mangled is malformed', () => {
  const token = signOptOutLink(key, link);
  const mangled = [
    '',
    token.slice(0, -1),
    `${token}A`,
    `${token}=`,
    ` ${token}`,
    `${token.slice(0, -1)}+`,
    `${token.slice(0, -1)}\n`,
    'x'.repeat(10_000_000),
  ];
  for (const text of mangled) expect(readOptOutLink([key], text, { nowDay })).toEqual({ kind: 'malformed' });
});

test('no text is ever accepted that was not signed', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String({ minLength: 76, maxLength: 76 })), (text) => {
      expect(readOptOutLink([key, older], text, { nowDay }).kind).not.toBe('valid');
    }),
  );
});

test('a link that could not be read again is not signed', () => {
  const bad = {
    ...link,
    permitId: 'x',
    contactId: '-1',
    accountId: 2 ** 32,
    channel: 'FAX',
    senderId: 0.5,
    campaignId: 0,
    level: 'ALL',
    issuedDay: -1,
  };
  expect(() => signOptOutLink(key, bad as unknown as OptOutLink)).toThrow(
    /permitId.*contactId.*accountId.*senderId.*campaignId.*channel.*level.*issuedDay/,
  );
});

test('days are counted in UTC', () => {
  expect(dayNumber(new Date('1970-01-01T23:59:59.999Z'))).toBe(0);
  expect(dayNumber(new Date('2026-12-13T00:00:00Z'))).toBe(20_800);
});
