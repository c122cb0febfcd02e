import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../src/domain/errors.js';
import { conditionViolations, evaluateCondition, type Condition, type Properties } from '../src/domain/event-rules.js';

const now = new Date('2027-03-15T12:00:00Z');
const properties: Properties = {
  score: 2,
  plan: 'Gold',
  note: '',
  vip: true,
  tags: ['a', 'b'],
  none: [],
  gone: null,
  ordered: '2027-03-14T23:30:00+01:00',
  birthday: '2027-03-18',
  legacy: '2027-03-15T06:00:00.000+0000',
  order: { total: 99.5, 'a.b': 1 },
  'dotted.name': 'x',
};
const holds = (condition: Condition, of: Properties = properties): boolean => evaluateCondition(condition, of, now);

describe('a condition', () => {
  test.each<[Condition, boolean]>([
    [{ property: 'plan', operator: 'is', value: 'Gold' }, true],
    [{ property: 'plan', operator: 'is', value: 'gold' }, false],
    [{ property: 'plan', operator: 'isNot', value: 'Silver' }, true],
    [{ property: 'plan', operator: 'contains', value: 'ol' }, true],
    [{ property: 'plan', operator: 'startsWith', value: 'Go' }, true],
    [{ property: 'plan', operator: 'startsWith', value: 'ld' }, false],
    [{ property: 'plan', operator: 'endsWith', value: 'ld' }, true],
    [{ property: 'tags', operator: 'contains', value: 'b' }, true],
    [{ property: 'tags', operator: 'contains', value: 'c' }, false],
    [{ property: 'note', operator: 'isEmpty' }, true],
    [{ property: 'none', operator: 'isEmpty' }, true],
    [{ property: 'gone', operator: 'isEmpty' }, true],
    [{ property: 'score', operator: 'isNotEmpty' }, true],
    [{ property: 'score', operator: 'is', value: 2 }, true],
    [{ property: 'score', operator: 'isNot', value: 2 }, false],
    [{ property: 'score', operator: 'lessThan', value: 3 }, true],
    [{ property: 'score', operator: 'lessThan', value: 2 }, false],
    [{ property: 'score', operator: 'lessThanOrEqual', value: 2 }, true],
    [{ property: 'score', operator: 'greaterThan', value: 2 }, false],
    [{ property: 'score', operator: 'greaterThanOrEqual', value: 2 }, true],
    [{ property: 'order.total', operator: 'greaterThan', value: 99 }, true],
    [{ property: 'dotted.name', operator: 'is', value: 'x' }, true],
    [{ property: 'vip', operator: 'is', value: true }, true],
    [{ property: 'vip', operator: 'isNot', value: true }, false],
    [{ property: 'ordered', operator: 'is', value: '2027-03-14', type: 'date' }, true],
    [{ property: 'ordered', operator: 'is', value: '2027-03-14T22:30:00Z', type: 'date' }, true],
    [{ property: 'ordered', operator: 'isNot', value: '2027-03-15', type: 'date' }, true],
    [{ property: 'ordered', operator: 'before', value: '2027-03-14' }, false],
    [{ property: 'ordered', operator: 'before', value: '2027-03-15' }, true],
    [{ property: 'ordered', operator: 'until', value: '2027-03-14' }, true],
    [{ property: 'ordered', operator: 'until', value: '2027-03-14T22:00:00Z' }, false],
    [{ property: 'ordered', operator: 'since', value: '2027-03-14' }, true],
    [{ property: 'ordered', operator: 'after', value: '2027-03-14' }, false],
    [{ property: 'ordered', operator: 'after', value: '2027-03-14T22:00:00Z' }, true],
    [{ property: 'legacy', operator: 'isToday' }, true],
    [{ property: 'ordered', operator: 'isToday' }, false],
    [{ property: 'birthday', operator: 'willBeIn', value: '3 days' }, true],
    [{ property: 'birthday', operator: 'willBeIn', value: '2 days' }, false],
    [{ property: 'birthday', operator: 'willBeWithin', value: '3 days' }, true],
    [{ property: 'birthday', operator: 'willBeMoreThan', value: '2 days' }, true],
    [{ property: 'birthday', operator: 'willBeMoreThan', value: '3 days' }, false],
    [{ property: 'ordered', operator: 'was', value: '1 day' }, true],
    [{ property: 'ordered', operator: 'wasWithin', value: '1 day' }, true],
    [{ property: 'ordered', operator: 'wasMoreThan', value: '12 hours' }, true],
    [{ property: 'birthday', operator: 'wasWithin', value: '1 week' }, false],
    [
      {
        all: [
          { property: 'vip', operator: 'is', value: true },
          { property: 'score', operator: 'lessThan', value: 3 },
        ],
      },
      true,
    ],
    [
      {
        all: [
          { property: 'vip', operator: 'is', value: true },
          { property: 'score', operator: 'lessThan', value: 1 },
        ],
      },
      false,
    ],
    [
      {
        any: [
          { property: 'vip', operator: 'is', value: false },
          { property: 'score', operator: 'lessThan', value: 3 },
        ],
      },
      true,
    ],
    [{ any: [{ all: [{ property: 'vip', operator: 'is', value: false }] }] }, false],
  ])('%j is %s', (condition, expected) => {
    expect(holds(condition)).toBe(expected);
  });

  test('on a property that is missing, null or inherited: empty, not anything, and nothing else', () => {
    for (const property of [
      'missing',
      'gone',
      'order.missing',
      'plan.length',
      'constructor',
      '__proto__',
      'toString',
    ]) {
      expect(holds({ property, operator: 'isEmpty' })).toBe(true);
      expect(holds({ property, operator: 'isNotEmpty' })).toBe(false);
      expect(holds({ property, operator: 'isNot', value: 'x' })).toBe(true);
      expect(holds({ property, operator: 'is', value: 'x' })).toBe(false);
      expect(holds({ property, operator: 'lessThan', value: 3 })).toBe(false);
      expect(holds({ property, operator: 'before', value: '2027-01-01' })).toBe(false);
      expect(holds({ property, operator: 'isToday' })).toBe(false);
    }
  });

  test('with a property of another type is an error that names types and never what they hold', () => {
    const condition: Condition = {
      any: [
        { property: 'plan', operator: 'lessThan', value: 3 },
        { property: 'score', operator: 'contains', value: 'x' },
        { property: 'vip', operator: 'is', value: 'true' },
        { property: 'plan', operator: 'before', value: '2027-01-01' },
        { property: 'vip', operator: 'is', value: true },
      ],
    };
    const thrown = (() => {
      try {
        return holds(condition);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(InvalidInputError);
    expect((thrown as InvalidInputError).violations).toEqual([
      { path: 'plan', message: 'must be a number, but is of type text' },
      { path: 'score', message: 'must be a text or a list, but is of type number' },
      { path: 'vip', message: 'must be a text, but is of type boolean' },
      { path: 'plan', message: 'must be an ISO date or time, but is of type text' },
    ]);
    expect(String(thrown)).not.toContain('Gold');
  });

  test('that looks at dates from today needs to be told what today is', () => {
    expect(() => evaluateCondition({ property: 'birthday', operator: 'isToday' }, properties)).toThrow(
      'needs the time',
    );
    expect(evaluateCondition({ property: 'score', operator: 'is', value: 2 }, properties)).toBe(true);
  });

  test('that is none is refused with everything wrong about it', () => {
    const wrong: [unknown, string][] = [
      [null, ''],
      ['x', ''],
      [{}, 'property operator'],
      [{ property: '', operator: 'is', value: 1 }, 'property'],
      [{ property: 'a', operator: 'equals', value: 1 }, 'operator'],
      [{ property: 'a', operator: 'toString', value: 1 }, 'operator'],
      [{ property: 'a', operator: 'is' }, 'value'],
      [{ property: 'a', operator: 'is', value: Number.NaN }, 'value'],
      [{ property: 'a', operator: 'is', value: 'soon', type: 'date' }, 'value'],
      [{ property: 'a', operator: 'is', value: 'x', type: 'text' }, 'type'],
      [{ property: 'a', operator: 'lessThan', value: '3' }, 'value'],
      [{ property: 'a', operator: 'contains', value: '' }, 'value'],
      [{ property: 'a', operator: 'before', value: '2027-02-30' }, 'value'],
      [{ property: 'a', operator: 'before', value: '2027-02-03T10:00:00' }, 'value'],
      [{ property: 'a', operator: 'was', value: '3 fortnights' }, 'value'],
      [{ property: 'a', operator: 'isEmpty', value: 'x' }, 'value'],
      [{ property: 'a', operator: 'isEmpty', values: 1 }, 'values'],
      [{ all: [] }, 'all'],
      [{ any: {} }, 'any'],
      [{ all: [{ property: 'a', operator: 'isEmpty' }], property: 'b' }, ''],
      [{ all: [{ any: [{ property: 'a', operator: 'nope' }] }] }, 'all[0].any[0].operator'],
    ];
    for (const [condition, paths] of wrong) {
      expect([
        condition,
        conditionViolations(condition)
          .map((v) => v.path)
          .join(' '),
      ]).toEqual([condition, paths]);
      expect(() => holds(condition as Condition)).toThrow(InvalidInputError);
    }
  });

  test('of absurd depth is refused', () => {
    let deep: unknown = { property: 'a', operator: 'isEmpty' };
    for (let i = 0; i < 10_000; i++) deep = { all: [deep] };
    expect(() => holds(deep as Condition)).toThrow('nested more than 10 deep');
  });

  test('and its opposite never hold together', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    fc.assert(
      fc.property(value, value, (actual, wanted) => {
        fc.pre(typeof actual === typeof wanted);
        const is = holds({ property: 'p', operator: 'is', value: wanted }, { p: actual });
        expect(holds({ property: 'p', operator: 'isNot', value: wanted }, { p: actual })).toBe(!is);
      }),
    );
  });
});
