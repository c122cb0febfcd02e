import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { STOP_FAMILY, WHOLE_MESSAGE_STOP, readKeyword, type KeywordRule } from '../src/domain/replies/keywords.js';

const action = (text: string, rules: readonly KeywordRule[] = []): string => readKeyword(text, rules).action;

describe('words that opt out as the first word', () => {
  test.each([
    'STOP',
    'stop',
    'Stop.',
    ' stop ',
    '"STOP"',
    '(stop)',
    '*Stop*',
    '¡STOP!',
    '...stop',
    'stop!!!',
    'STOP🛑',
    '🛑 STOP',
    '✋🏽stop',
    'STOP\u200d',
    '\u200fSTOP\u200e',
    'S\u200bT\u200bO\u200bP',
    '\ufeffstop',
    'ＳＴＯＰ',
    '𝐒𝐓𝐎𝐏',
    'Ⓢⓣⓞⓟ',
    'stop\u0000',
    'stop\ud800',
    'stop sending me this',
    'STOP, please',
    'stop.now',
    'stop—now',
    'stop/end',
    'Stop\nSent from my phone',
    'stop-it',
    'STOP ALL',
    'stopall',
    'STOP-ALL',
    'Unsubscribe me',
    'un-subscribe',
    'UNSUBSCRİBE',
    'unsubscrıbe',
    'optout',
    'opt out',
    'OPT-OUT',
    'Opt  out!',
    'opt\tout please',
  ])('%j blocks', (text) => {
    expect(action(text)).toBe('BLOCK');
  });

  test.each([
    'please stop',
    'nonstop',
    'non-stop',
    'unstoppable',
    'stopping by',
    'stopp',
    'S T O P',
    'I never said STOP',
    "stop's",
    'opt',
    'opt in',
    'out',
    '',
  ])('%j does not', (text) => {
    expect(action(text)).toBe('NONE');
  });

  test('everyone who stops is blocked from any sender, whatever else is configured for others', () => {
    expect(readKeyword('Stop sending me this!')).toEqual({
      action: 'BLOCK',
      keyword: 'STOP',
      cleanText: 'sending me this!',
      level: 'FROM_ANY_SENDER',
      builtIn: true,
    });
  });
});

describe('words that count as the whole message', () => {
  test.each([
    ['END', 'BLOCK'],
    ['cancel.', 'BLOCK'],
    ['Quit!', 'BLOCK'],
    ['remove 😡', 'BLOCK'],
    ['revoke', 'BLOCK'],
    ['END ❤️', 'BLOCK'],
    ['End of story', 'NONE'],
    ['cancel my order', 'NONE'],
    ['quit it', 'NONE'],
    ['START', 'UNBLOCK'],
    ['unstop', 'UNBLOCK'],
    ['Start!', 'UNBLOCK'],
    ['start with the invoice', 'NONE'],
    ['HELP', 'HELP'],
    ['info?', 'HELP'],
    ['help me', 'NONE'],
    ['YES', 'NONE'],
  ])('%j means %s', (text, expected) => {
    expect(action(text)).toBe(expected);
  });
});

describe('configured keywords', () => {
  const join: KeywordRule = {
    id: '1',
    keyword: 'JOIN',
    action: 'UNBLOCK',
    level: 'FROM_SENDER',
    autoResponse: 'Welcome back.',
  };
  const quiz: KeywordRule = { id: '2', keyword: 'quiz' };
  const everything: KeywordRule = { id: '3', autoResponse: 'Thank you.' };

  test('match by the first word, in any case and width', () => {
    expect(readKeyword('join, please', [quiz, join])).toEqual({
      action: 'UNBLOCK',
      keyword: 'JOIN',
      cleanText: 'please',
      level: 'FROM_SENDER',
      rule: join,
      builtIn: false,
    });
    expect(readKeyword('ＱＵＩＺ Correct answer is Paris', [join, quiz])).toMatchObject({
      action: 'NONE',
      keyword: 'QUIZ',
      cleanText: 'Correct answer is Paris',
      rule: quiz,
    });
    expect(readKeyword('I join', [join]).rule).toBeUndefined();
  });

  test('YES returns a person only where it is configured', () => {
    expect(action('yes', [{ keyword: 'YES', action: 'UNBLOCK' }])).toBe('UNBLOCK');
  });

  test('win over built-in words that say the same', () => {
    const stop: KeywordRule = { keyword: 'STOP', action: 'BLOCK', level: 'FROM_SENDER', autoResponse: 'You are out.' };
    expect(readKeyword('stop', [stop])).toMatchObject({
      action: 'BLOCK',
      level: 'FROM_SENDER',
      rule: stop,
      builtIn: false,
    });
    expect(action('end', [{ keyword: 'END', action: 'UNBLOCK' }])).toBe('UNBLOCK');
    expect(action('start with it', [{ keyword: 'START', action: 'UNBLOCK' }])).toBe('UNBLOCK');
    expect(action('help me', [{ keyword: 'HELP', action: 'BLOCK' }])).toBe('BLOCK');
  });

  test('a rule for STOP that only answers still blocks', () => {
    const answer: KeywordRule = { keyword: 'STOP', autoResponse: 'You are out.' };
    expect(readKeyword('STOP', [answer])).toMatchObject({
      action: 'BLOCK',
      rule: answer,
      builtIn: true,
      level: 'FROM_ANY_SENDER',
    });
  });

  test('the longest keyword wins, and the first of equals', () => {
    const stop: KeywordRule = { id: 'a', keyword: 'STOP', action: 'BLOCK' };
    const news: KeywordRule = { id: 'b', keyword: 'Stop news', action: 'BLOCK', level: 'FROM_SENDER' };
    expect(readKeyword('STOP NEWS!', [stop, news]).rule).toBe(news);
    expect(readKeyword('STOP', [stop, news]).rule).toBe(stop);
    expect(readKeyword('STOP', [stop, { ...stop, id: 'c' }]).rule).toBe(stop);
  });

  test('a catch-all comes last and takes everything else, even silence', () => {
    for (const text of ['hello there', '', '🎉', '   ', '?']) {
      expect(readKeyword(text, [everything, join])).toMatchObject({ action: 'NONE', rule: everything, builtIn: false });
    }
    expect(readKeyword('join', [everything, join]).rule).toBe(join);
    for (const keyword of [null, '', '  ']) expect(action('hello', [{ keyword, action: 'BLOCK' }])).toBe('BLOCK');
  });

  test('a keyword of other letters or none at all works too', () => {
    expect(action('退订 谢谢', [{ keyword: '退订', action: 'BLOCK' }])).toBe('BLOCK');
    expect(action('στοπ', [{ keyword: 'ΣΤΟΠ', action: 'BLOCK' }])).toBe('BLOCK');
    expect(action('arre\u0302t!', [{ keyword: 'ARRÊT', action: 'BLOCK' }])).toBe('BLOCK');
    expect(action('توقف', [{ keyword: 'توقف', action: 'BLOCK' }])).toBe('BLOCK');
    expect(readKeyword('👎 bad', [{ keyword: '👎', action: 'BLOCK' }])).toMatchObject({
      action: 'BLOCK',
      keyword: '👎',
      cleanText: 'bad',
    });
    expect(action('👎👎', [{ keyword: '👎', action: 'BLOCK' }])).toBe('NONE');
    expect(action('1', [{ keyword: '1', action: 'UNBLOCK' }])).toBe('UNBLOCK');
    expect(action('e-mail', [{ keyword: 'E-MAIL', action: 'UNBLOCK' }])).toBe('UNBLOCK');
  });
});

describe('whatever is configured, and whatever the text', () => {
  const noise = fc.string({ unit: 'binary', maxLength: 20 });
  const rule: fc.Arbitrary<KeywordRule> = fc.record(
    {
      keyword: fc.oneof(noise, fc.constantFrom('OPT', 'UN', 'S', 'STOP?', 'sto', 'P', 'OUT', '🛑', '❤', '-')),
      action: fc.constantFrom('BLOCK' as const, 'UNBLOCK' as const),
      level: fc.constantFrom('FROM_SENDER' as const, 'FROM_ANY_SENDER' as const),
    },
    { requiredKeys: [] },
  );
  const marks = fc
    .array(
      fc.constantFrom(
        ' ',
        '.',
        ',',
        '!',
        '?',
        '(',
        ')',
        '"',
        '*',
        '-',
        '\u200b',
        '\u200e',
        '\u200f',
        '\u2066',
        '\ufe0f',
        '🛑',
        '❤',
      ),
      { maxLength: 6 },
    )
    .map((list) => list.join(''));

  test('a STOP blocks unless that very word is configured', () => {
    const stop = fc
      .tuple(fc.constantFrom(...STOP_FAMILY), fc.constantFrom('upper', 'lower', 'wide'), marks, marks)
      .map(([word, how, before, after]) => {
        const wide = [...word].map((c) => (c === ' ' ? c : String.fromCodePoint(c.charCodeAt(0) + 0xfee0))).join('');
        return before + (how === 'upper' ? word : how === 'lower' ? word.toLowerCase() : wide) + after;
      });
    fc.assert(
      fc.property(stop, fc.array(rule, { maxLength: 6 }), (text, rules) => {
        const others = rules.filter(({ keyword }) => !/^\W*(stop|optout|opt\W+out)/i.test(keyword ?? ''));
        expect(readKeyword(text, others).action).toBe('BLOCK');
      }),
      { numRuns: 1_000 },
    );
  });

  test('a whole-message word blocks alone and never with another word', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WHOLE_MESSAGE_STOP),
        marks,
        marks,
        fc.constantFrom('it', 'my order', '1'),
        (word, before, after, more) => {
          expect(action(before + word + after)).toBe('BLOCK');
          expect(action(`${before}${word} ${after} ${more}`)).toBe('NONE');
        },
      ),
    );
  });

  test('no text makes it fail, and the clean text is always a part of the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(rule), (text, rules) => {
        const reading = readKeyword(text, rules);
        expect(text).toContain(reading.cleanText);
        expect(reading.keyword.length).toBeLessThanOrEqual(256);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a hundred kilobytes of anything are read in a moment', () => {
    const letters = [
      'a',
      ' ',
      '\u0301',
      '\u0301\u0316',
      '😀',
      '\ud800',
      '\udc00',
      '\u200f',
      'ﷺ',
      "'",
      '-',
      'a-',
      '👍🏽',
      'stop',
      '.',
    ];
    for (const letter of letters) {
      const text = letter.repeat(100_000 / letter.length);
      const before = performance.now();
      readKeyword(text, [{ keyword: text.slice(0, 50), action: 'BLOCK' }, {}]);
      expect(performance.now() - before).toBeLessThan(1_000);
    }
  });
});
