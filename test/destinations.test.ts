import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import examples from 'libphonenumber-js/examples.mobile.json' with { type: 'json' };
import { getCountries, getExampleNumber, type PhoneNumber } from 'libphonenumber-js/min';
import { describe, expect, test } from 'vitest';
import {
  DESTINATION_PROBLEMS,
  NORMALISER_VERSION,
  emailDomain,
  normaliseAtTheDoor,
  normaliseForEntry,
  type DestinationResult,
} from '../src/domain/destinations.js';
import { destinationHash, keyFingerprint } from '../src/domain/hash.js';
import { normaliseHuman } from '../src/domain/human-destinations.js';
import { senderKey } from '../src/domain/sender.js';
import { caseFold } from '../src/domain/unicode.js';

/** The key, or the reason in capitals: one text to compare. */
const read = (result: DestinationResult): string =>
  result.ok ? `${result.destination.kind}:${result.destination.value}` : result.reason;
const phone = (raw: string): string => read(normaliseAtTheDoor(raw, 'SMS'));
const email = (raw: string): string => read(normaliseAtTheDoor(raw, 'EMAIL'));
const human = (raw: string, defaultCountry?: string): string =>
  read(normaliseHuman(raw, defaultCountry === undefined ? {} : { defaultCountry }));

/** International digits as E.164 allows them, assigned or not. */
const internationalDigits = fc.stringMatching(/^[1-9][0-9]{4,14}$/);
const anyText = fc.string({ unit: 'binary', maxLength: 60 });
const localPart = fc.stringMatching(/^[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,30}$/);
const domain = fc.stringMatching(/^[a-z0-9]{1,10}(-[a-z0-9]{1,5})?\.[a-z]{2,6}$/);
const address = fc.tuple(localPart, domain).map(([local, host]) => `${local}@${host}`);

describe('phone numbers at the door', () => {
  test.each([
    ['385915550123', 'phone:385915550123'],
    ['+385915550123', 'phone:385915550123'],
    ['00385915550123', 'phone:385915550123'],
    ['+00 385 915550123', 'phone:385915550123'],
    [' +385 91 555 0123 ', 'phone:385915550123'],
    ['\u202a+385\u00a091\u202f5550123\u202c', 'phone:385915550123'],
    ['+385\u200b915550123\ufeff', 'phone:385915550123'],
    ['＋３８５９１５５５０１２３', 'phone:385915550123'],
    ['٣٨٥٩١٥٥٥٠١٢٣', 'phone:385915550123'],
    ['𝟛𝟠𝟝915550123', 'phone:385915550123'],
    ['12345', 'phone:12345'],
    ['999123456789012', 'phone:999123456789012'],
    ['1234', 'TOO_SHORT'],
    ['1234567890123456', 'TOO_LONG'],
    ['', 'EMPTY'],
    [' + ', 'EMPTY'],
    ['0915550123', 'NATIONAL_FORMAT'],
    ['0000385915550123', 'NATIONAL_FORMAT'],
    ['(091) 555-0123', 'NOT_DIGITS'],
    ['++385915550123', 'NOT_DIGITS'],
    ['385915550123;ext=1', 'NOT_DIGITS'],
    ['person@example.com', 'NOT_DIGITS'],
    ['3859155\u00000123', 'NOT_DIGITS'],
    ['3859155\ud8000123', 'NOT_DIGITS'],
  ])('reads %j', (raw, expected) => {
    expect(phone(raw)).toBe(expected);
  });

  test('a number is the same however its plus, zeros, spaces and digits are written', () => {
    const spelled = fc.tuple(
      internationalDigits,
      fc.constantFrom('', '+', '00', '+ ', ' 00 ', '＋'),
      fc.array(fc.constantFrom('', '', ' ', '\u00a0', '\u200e', '\u2009'), { minLength: 16, maxLength: 16 }),
      fc.constantFrom(0x30, 0x660, 0x6f0, 0x966, 0xff10, 0x1d7ce),
    );
    fc.assert(
      fc.property(spelled, ([digits, prefix, blanks, zero]) => {
        const written = [...digits].map((d, i) => blanks[i] + String.fromCodePoint(zero + Number(d))).join('');
        expect(phone(prefix + written)).toBe(`phone:${digits}`);
      }),
    );
  });

  test('two numbers never share a key', () => {
    fc.assert(
      fc.property(internationalDigits, internationalDigits, (a, b) => {
        expect(phone(a) === phone(b)).toBe(a === b);
      }),
    );
  });

  test('reading a key again changes nothing, whatever text it came from', () => {
    const texts = fc.oneof(anyText, fc.stringMatching(/^[+0-9 ()]{0,20}$/), internationalDigits);
    fc.assert(
      fc.property(texts, (raw) => {
        const once = normaliseAtTheDoor(raw, 'SMS');
        if (once.ok) expect(normaliseAtTheDoor(once.destination.value, 'SMS')).toEqual(once);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('e-mail addresses', () => {
  test.each([
    ['person@example.com', 'email:person@example.com'],
    ['  Person.Name+Tag@EXAMPLE.Com\t', 'email:person.name+tag@example.com'],
    ['person@example.com.', 'email:person@example.com'],
    ['person@münchen.example', 'email:person@xn--mnchen-3ya.example'],
    ['person@MÜNCHEN.example', 'email:person@xn--mnchen-3ya.example'],
    ['person@mu\u0308nchen.example', 'email:person@xn--mnchen-3ya.example'],
    ['person@XN--MNCHEN-3YA.example', 'email:person@xn--mnchen-3ya.example'],
    ['person@ｅｘａｍｐｌｅ。com', 'email:person@example.com'],
    // Unicode 15.1 changed what IDNA makes of ẞ; both Node generations must give the key of ß.
    ['person@straße.example', 'email:person@xn--strae-oqa.example'],
    ['person@STRAẞE.example', 'email:person@xn--strae-oqa.example'],
    ['JOSÉ@example.com', 'email:josé@example.com'],
    ['jose\u0301@example.com', 'email:josé@example.com'],
    ['ΣΊΣΥΦΟΣ@example.com', 'email:σίσυφοσ@example.com'],
    ['σίσυφος@example.com', 'email:σίσυφοσ@example.com'],
    ['STRASSE@example.com', 'email:strasse@example.com'],
    ['straße@example.com', 'email:strasse@example.com'],
    ['a..b.@example.com', 'email:a..b.@example.com'],
    ['', 'EMPTY'],
    ['person', 'NOT_EMAIL'],
    ['@example.com', 'NOT_EMAIL'],
    ['person@', 'NOT_EMAIL'],
    ['person@localhost', 'NOT_EMAIL'],
    ['person@127.0.0.1', 'NOT_EMAIL'],
    ['person@0x7f.1', 'NOT_EMAIL'],
    ['person@[127.0.0.1]', 'NOT_EMAIL'],
    ['person@exa%6Dple.com', 'NOT_EMAIL'],
    ['person@example.com/path', 'NOT_EMAIL'],
    ['person@exam_ple.com', 'NOT_EMAIL'],
    ['person@-example.com', 'NOT_EMAIL'],
    ['person@xn--abc-.com', 'NOT_EMAIL'],
    ['per son@example.com', 'NOT_EMAIL'],
    ['"per son"@example.com', 'NOT_EMAIL'],
    ['Person <person@example.com>', 'NOT_EMAIL'],
    ['a@b@example.com', 'NOT_EMAIL'],
    ['per\u0000son@example.com', 'NOT_EMAIL'],
    ['per\ud800son@example.com', 'NOT_EMAIL'],
    ['per\u200bson@example.com', 'NOT_EMAIL'],
    [`${'a'.repeat(65)}@example.com`, 'TOO_LONG'],
    [`${'é'.repeat(33)}@example.com`, 'TOO_LONG'],
    [`a@${'b'.repeat(64)}.com`, 'NOT_EMAIL'],
    [`a@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.${'e'.repeat(60)}.${'f'.repeat(20)}.com`, 'NOT_EMAIL'],
  ])('reads %j', (raw, expected) => {
    expect(email(raw)).toBe(expected);
  });

  test('an address is the same in upper and lower case, composed or not', () => {
    const letters = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(letters, domain, (local, host) => {
        const key = email(`${local}@${host}`);
        for (const variant of [
          local.toUpperCase(),
          local.toLowerCase(),
          local.normalize('NFD'),
          local.normalize('NFC'),
        ]) {
          // Dotless ı is a letter of its own, but its capital is I.
          if (!local.includes('ı')) expect(email(`${variant}@${host.toUpperCase()}.`)).toBe(key);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('two addresses never share a key unless case is all that differs', () => {
    fc.assert(
      fc.property(address, address, (a, b) => {
        expect(email(a) === email(b)).toBe(a === b);
      }),
    );
  });

  test('reading a key again changes nothing, whatever text it came from', () => {
    const texts = fc.oneof(
      anyText.map((text) => `${text}@example.com`),
      fc
        .tuple(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 8 }))
        .map(([local, host]) => `${local}@${host}.com`),
    );
    fc.assert(
      fc.property(texts, (raw) => {
        const once = normaliseAtTheDoor(raw, 'EMAIL');
        if (once.ok) expect(normaliseAtTheDoor(once.destination.value, 'EMAIL')).toEqual(once);
      }),
      { numRuns: 2_000 },
    );
  });

  test('case folding is stable for every character there is', () => {
    for (let code = 0; code < 0x30000; code++) {
      const folded = caseFold(String.fromCodePoint(code));
      if (caseFold(folded) !== folded) throw new Error(`U+${code.toString(16)} folds differently the second time`);
    }
  });

  test('the domain of an address is what follows its last @', () => {
    expect(emailDomain('person@example.com')).toBe('example.com');
  });
});

describe('what an entry may name', () => {
  test.each([
    ['example.com', undefined, 'domain:example.com'],
    ['@Example.COM', undefined, 'domain:example.com'],
    ['@example.com', 'EMAIL', 'domain:example.com'],
    ['Person@example.com', undefined, 'email:person@example.com'],
    ['+385 915550123', undefined, 'phone:385915550123'],
    ['example.com', 'SMS', 'NOT_DIGITS'],
    ['nonsense', undefined, 'NOT_DOMAIN'],
    ['385915550123', 'EMAIL', 'NOT_DOMAIN'],
    ['', undefined, 'EMPTY'],
  ] as const)('reads %j on %s', (raw, channel, expected) => {
    expect(read(normaliseForEntry(raw, channel))).toBe(expected);
  });
});

describe('numbers as people write them', () => {
  test.each([
    ['(091) 555-0123', 'HR', 'phone:385915550123'],
    ['091/555-0123', 'HR', 'phone:385915550123'],
    ['091 555 0123', 'hr', 'phone:385915550123'],
    ['+385 91 555 0123', undefined, 'phone:385915550123'],
    ['+385 (0)91 555-0123', undefined, 'phone:385915550123'],
    ['00385 91 5550123', 'US', 'phone:385915550123'],
    ['011 385 91 555 0123', 'US', 'phone:385915550123'],
    ['385915550123', undefined, 'phone:385915550123'],
    ['385915550123', 'HR', 'phone:385915550123'],
    ['4915112345678', 'US', 'phone:4915112345678'],
    ['tel:+1-202-555-0123', undefined, 'phone:12025550123'],
    ['(202) 555‑0123', 'US', 'phone:12025550123'],
    ['1.202.555.0123', 'US', 'phone:12025550123'],
    ['+44 (0)20 7946 0018', undefined, 'phone:442079460018'],
    ['+39 06 1234 5678', undefined, 'phone:390612345678'],
    ['06 1234 5678', 'IT', 'phone:390612345678'],
    ['٠٩١ ٥٥٥ ٠١٢٣', 'HR', 'phone:385915550123'],
    ['+999 12 345 678', undefined, 'phone:99912345678'],
    ['(091) 555-0123', undefined, 'COUNTRY_NEEDED'],
    ['202-555-0123', undefined, 'COUNTRY_NEEDED'],
    ['091 555 0123', undefined, 'NATIONAL_FORMAT'],
    ['12', 'HR', 'IMPOSSIBLE_NUMBER'],
    ['+385 91 555 0123 / 124', undefined, 'IMPOSSIBLE_NUMBER'],
    ['+1 202 555 0123 ext. 5', undefined, 'NOT_DIGITS'],
    ['1-800-FLOWERS', 'US', 'NOT_DIGITS'],
    ['+385915550123,+385915550124', undefined, 'NOT_DIGITS'],
    ['', 'HR', 'EMPTY'],
  ] as const)('reads %j in %s', (raw, country, expected) => {
    expect(human(raw, country)).toBe(expected);
  });

  test('addresses and domains are read too, and a message never goes to a domain', () => {
    expect(human('Person@Example.com')).toBe('email:person@example.com');
    expect(human('@Example.com')).toBe('domain:example.com');
    expect(human('example.com')).toBe('domain:example.com');
    expect(read(normaliseHuman('example.com', { kind: 'domain' }))).toBe('domain:example.com');
    expect(read(normaliseHuman('@example.com', { channel: 'EMAIL' }))).toBe('NOT_EMAIL');
    expect(read(normaliseHuman('@example.com', { channel: 'EMAIL', isEntry: true }))).toBe('domain:example.com');
    expect(read(normaliseHuman('person@example.com', { channel: 'SMS' }))).toBe('NOT_DIGITS');
  });

  test('an unknown country is a mistake of the caller and says so', () => {
    expect(() => human('091 555 0123', 'XX')).toThrow(/defaultCountry: is no ISO 3166 country/);
  });

  test('every way to write a number of any country gives one key, the same as at the door', () => {
    const written = (number: PhoneNumber): string[] => [
      number.number,
      number.formatInternational(),
      number.format('RFC3966'),
      number.number.slice(1),
      `00${number.number.slice(1)}`,
    ];
    for (const country of getCountries()) {
      const number = getExampleNumber(country, examples);
      if (number === undefined) continue;
      const key = phone(number.number);
      for (const form of written(number)) expect([country, form, human(form)]).toEqual([country, form, key]);
      const national = number.formatNational();
      expect([country, national, human(national, country)]).toEqual([country, national, key]);
    }
  });

  test('plain international digits have the same key here and at the door, trunk prefixes apart', () => {
    fc.assert(
      fc.property(internationalDigits, (digits) => {
        const byHuman = human(`+${digits}`);
        const atTheDoor = phone(digits);
        // A prefix the library knows not to belong there may be dropped; nothing else may change.
        if (byHuman !== atTheDoor) expect(byHuman.length).toBeLessThan(atTheDoor.length);
      }),
      { numRuns: 5_000 },
    );
  });

  test('reading a key again changes nothing', () => {
    const texts = fc.oneof(
      fc.stringMatching(/^\+?[0-9][0-9 ()/-]{0,18}$/),
      internationalDigits.map((d) => `+${d}`),
    );
    fc.assert(
      fc.property(texts, fc.constantFrom(undefined, 'HR', 'US', 'MX', 'RU', 'BY'), (raw, defaultCountry) => {
        const once = normaliseHuman(raw, defaultCountry === undefined ? {} : { defaultCountry });
        if (once.ok) expect(normaliseHuman(`+${once.destination.value}`)).toEqual(once);
      }),
      { numRuns: 5_000 },
    );
  });
});

test('ten megabytes of anything are refused at once', () => {
  for (const letter of ['1', 'x', ' ', '@', '.', '\u0301', '\ud800']) {
    const flood = letter.repeat(10_000_000);
    expect(phone(flood)).toBe('TOO_LONG');
    expect(email(`${flood}@example.com`)).toBe('TOO_LONG');
    expect(human(flood, 'HR')).toBe('TOO_LONG');
    expect(read(normaliseForEntry(`${flood}.com`))).toBe('TOO_LONG');
  }
});

test('no reason contains what was typed', () => {
  expect(Object.values(DESTINATION_PROBLEMS).join(' ')).not.toMatch(/\d{3,4}[^ ]*@|\{|\$/);
});

test('the corpus reads as it did when NORMALISER_VERSION was set, with the phone library it was made with', () => {
  const corpus = readFileSync(new URL('./destinations.corpus.txt', import.meta.url), 'utf8').split('\n');
  const [versions, ...lines] = corpus.filter((line) => line !== '' && !line.startsWith('#'));
  const library = JSON.parse(
    readFileSync(new URL('../node_modules/libphonenumber-js/package.json', import.meta.url), 'utf8'),
  ) as { version: string };
  expect(`normaliser ${NORMALISER_VERSION}, libphonenumber-js ${library.version}`).toBe(versions);
  expect(lines.length).toBeGreaterThan(200);
  for (const line of lines) {
    const [country = '', raw = ''] = line.split('\t');
    expect([country, raw, human(raw, country === '-' ? undefined : country)].join('\t')).toBe(line);
  }
});

describe('hashes and senders', () => {
  const key = Buffer.from('0123456789abcdef0123456789abcdef');

  test('a destination has a hash of 16 bytes that depends on its key, kind and value', () => {
    const hash = destinationHash(key, { kind: 'domain', value: 'example.com' });
    expect(hash.toString('hex')).toBe('8cdff6358abb353cf7a89ae33b087b76');
    expect(destinationHash(key, { kind: 'email', value: 'example.com' })).not.toEqual(hash);
    expect(
      destinationHash(Buffer.from('another key of 32 bytes.........'), { kind: 'domain', value: 'example.com' }),
    ).not.toEqual(hash);
  });

  test('a fingerprint tells keys apart and is no part of them', () => {
    expect(keyFingerprint(key)).toBe('80feee9431d1dd1a');
    expect(keyFingerprint(Buffer.from('x'))).not.toBe(keyFingerprint(key));
  });

  test.each([
    ['10950', '10950'],
    ['+10950', '10950'],
    ['10 950', '10950'],
    ['+385 92 100 4026', '385921004026'],
    ['00385921004026', '385921004026'],
    ['00123', '00123'],
    ['MyShop', 'myshop'],
    ['  MY  SHOP ', 'my shop'],
    ['ＭｙＳｈｏｐ', 'myshop'],
    ['Straße', 'strasse'],
    ['News@Shop.example', 'news@shop.example'],
    ['The Shop <News@shop.example>', 'news@shop.example'],
  ])('the sender %j matches as %j', (sender, expected) => {
    expect(senderKey(sender)).toBe(expected);
  });

  test('a sender key is its own key', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[0+]{0,3}[0-9 ]{0,12}$/)),
        (sender) => {
          expect(senderKey(senderKey(sender))).toBe(senderKey(sender));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
