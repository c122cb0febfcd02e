import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInputError, checkFlow, defineFlow, parseFlow, type Flow } from '../src/domain/flows/index.js';
import { MOST_ELEMENTS } from '../src/domain/flows/schema.js';

const winBack = () =>
  defineFlow({
    name: 'win-back',
    campaign: 'spring-2027',
    start: 'offer',
    onOptOut: 'done',
    entry: [{ type: 'audience', tag: 'lapsed', mode: 'once' }, { type: 'api' }],
    settings: {
      reEntry: false,
      quietHours: { from: '21:00', to: '08:00' },
      frequencyCap: { messages: 3, per: '7 days' },
      goal: 'purchase',
    },
    elements: {
      offer: {
        type: 'sendMessage',
        channel: 'SMS',
        sender: '10950',
        text: 'We miss you, {{firstName}}! Reply YES for 20 % off, STOP to end.',
        next: 'reply',
        blocked: 'done',
      },
      reply: {
        type: 'evaluateInboundMessage',
        replyTo: 'offer',
        timeout: '24 hours',
        when: [{ keyword: 'YES', next: 'coupon' }],
        otherwise: 'survey',
        timedOut: 'survey',
      },
      coupon: {
        type: 'sendMessage',
        channel: 'SMS',
        sender: '10950',
        text: 'BACK20 is yours. STOP to end.',
        next: 'survey',
      },
      survey: { type: 'waitForEvent', event: 'surveyAnswered', timeout: '7 days', happened: 'score', timedOut: 'done' },
      score: {
        type: 'evaluateEvent',
        of: 'survey',
        when: [{ property: 'score', operator: 'lessThan', value: 3, next: 'leave' }],
        otherwise: 'done',
      },
      leave: { type: 'addToDoNotContact', rule: 'unhappy', level: 'FROM_ANY_SENDER', because: 'offer', next: 'done' },
      done: { type: 'exit' },
    },
  });

/** A flow of every element there is. */
const everything = {
  name: 'everything',
  campaign: 'all-2027',
  account: '00000000000000000000000000000001',
  start: 'segment',
  onOptOut: 'goodbye',
  entry: [
    { type: 'audience', mode: 'continuous', where: { all: [{ property: 'age', operator: 'greaterThan', value: 17 }] } },
    { type: 'event', event: 'cartAbandoned', where: { property: 'total', operator: 'greaterThan', value: 50 } },
    { type: 'inboundMessage', channel: 'SMS', sender: '10950', keyword: 'SHOP' },
    { type: 'api' },
    { type: 'flow', flow: 'win-back' },
    { type: 'date', at: '2027-03-01T09:00:00+01:00' },
    { type: 'date', attribute: 'birthday', yearly: true },
  ],
  settings: {
    reEntry: true,
    reEntryDelay: '1 day',
    entryLimits: [{ entries: 2, per: '1 week' }],
    simultaneous: false,
    quietHours: { from: '21:00', to: '08:00', timeZone: 'Europe/Zagreb' },
    frequencyCap: { messages: 1, per: '24 hours', over: 'block' },
    startAt: '2027-03-01',
    stopAt: '2027-04-01T00:00:00Z',
    goal: 'purchase',
  },
  variables: { tries: 0, gift: 'none' },
  elements: {
    segment: {
      type: 'segmentAudience',
      when: [
        { tag: 'vip', next: 'split' },
        { property: 'plan', operator: 'is', value: 'gold', next: 'split' },
      ],
      otherwise: 'wait',
    },
    split: {
      type: 'splitAudience',
      branches: [
        { share: 33.3, next: 'wait' },
        { share: 66.7, next: 'moment' },
      ],
    },
    wait: { type: 'pause', for: '2 days', next: 'mail' },
    moment: { type: 'pause', until: '2027-03-05T10:00:00Z', next: 'mail' },
    mail: {
      type: 'sendMessage',
      channel: 'EMAIL',
      sender: 'news@shop.example',
      subject: 'Hello {{ first.name }}',
      text: 'Hello',
      purpose: 'MARKETING',
      validity: '12 hours',
      next: 'arrived',
      blocked: 'goodbye',
      failed: 'goodbye',
    },
    arrived: { type: 'failover', of: 'mail', timeout: '1 hour', delivered: 'tag', undelivered: 'sms' },
    sms: { type: 'sendMessage', channel: 'SMS', sender: '10950', text: 'Hello. STOP to end.', next: 'answer' },
    answer: {
      type: 'evaluateInboundMessage',
      replyTo: 'sms',
      timeout: '1 day',
      when: [
        { keyword: 'YES', next: 'back' },
        { contains: 'price', next: 'tell' },
      ],
      otherwise: 'tag',
      timedOut: 'tag',
    },
    back: { type: 'removeFromDoNotContact', rule: 'asked back', level: 'FROM_SENDER', proof: 'answer', next: 'tag' },
    tag: { type: 'addTag', tag: 'greeted', next: 'untag' },
    untag: { type: 'removeTag', tag: 'new', next: 'person' },
    person: { type: 'updatePerson', set: { greetedIn: 2027, nickname: null, ok: true }, next: 'variable' },
    variable: { type: 'updateVariable', variable: 'tries', value: 1, next: 'call' },
    call: {
      type: 'callApi',
      url: 'https://shop.example/greeted/{{id}}',
      method: 'POST',
      headers: { 'x-source': 'flow' },
      body: '{"id":"{{id}}"}',
      timeout: '5 seconds',
      saveAs: 'answer',
      next: 'bought',
      failed: 'tell',
    },
    bought: {
      type: 'waitForEvent',
      event: 'purchase',
      where: { property: 'total', operator: 'greaterThan', value: 1 },
      timeout: '7 days',
      happened: 'total',
      timedOut: 'goodbye',
    },
    total: {
      type: 'evaluateEvent',
      of: 'bought',
      when: [{ any: [{ property: 'total', operator: 'lessThan', value: 3 }], next: 'leave' }],
      otherwise: 'goodbye',
    },
    leave: {
      type: 'addToDoNotContact',
      rule: 'unhappy',
      level: 'FROM_SENDER',
      channel: 'SMS',
      sender: '10950',
      covers: 'MARKETING',
      next: 'goodbye',
    },
    tell: { type: 'notify', to: ['desk@shop.example'], subject: 'Call failed', text: 'Please look.', next: 'goodbye' },
    goodbye: { type: 'exit', reason: 'finished' },
  },
};

/** `everything` with the values at some paths replaced; undefined takes the key away. */
function changed(changes: Readonly<Record<string, unknown>>): unknown {
  const flow: unknown = structuredClone(everything);
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let at = flow as Record<string, unknown>;
    for (const key of keys) at = at[key] as Record<string, unknown>;
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return flow;
}

function violations(changes: Readonly<Record<string, unknown>>): string[] {
  const check = checkFlow(changed(changes));
  return check.ok ? [] : check.violations.map(({ path, message }) => `${path}: ${message}`);
}

const exit = { type: 'exit' } as const;

describe('a flow as it is written in TypeScript', () => {
  test('becomes frozen, plain JSON', () => {
    const flow = winBack();
    expect(flow).toMatchObject({ name: 'win-back', start: 'offer', elements: { done: { type: 'exit' } } });
    expect(JSON.parse(JSON.stringify(flow))).toEqual(flow);
    expect(Object.isFrozen(flow) && Object.isFrozen(flow.elements) && Object.isFrozen(flow.entry[0])).toBe(true);
  });

  test('leaves what was written alone', () => {
    const written: Flow<'a'> = {
      name: 'f',
      campaign: 'c',
      start: 'a',
      entry: [{ type: 'api' }],
      elements: { a: { type: 'exit' } },
    };
    defineFlow(written);
    expect(Object.isFrozen(written) || Object.isFrozen(written.elements.a)).toBe(false);
  });

  // Each of these lines has to be an error of the compiler, or the build fails; and each is caught when it runs as well.
  test('does not compile with a branch to an element that does not exist', () => {
    expect(() =>
      defineFlow({
        name: 'f',
        campaign: 'c',
        start: 'a',
        entry: [{ type: 'api' }],
        elements: {
          a: {
            type: 'pause',
            for: '1 hour',
            // @ts-expect-error there is no element b
            next: 'b',
          },
        },
      }),
    ).toThrow('elements.a.next: there is no element b');
    expect(() =>
      defineFlow({
        name: 'f',
        campaign: 'c',
        start: 'a',
        entry: [{ type: 'api' }],
        elements: {
          a: {
            type: 'waitForEvent',
            event: 'e',
            timeout: '1 day',
            happened: 'done',
            // @ts-expect-error there is no element dome
            timedOut: 'dome',
          },
          done: exit,
        },
      }),
    ).toThrow('elements.a.timedOut: there is no element dome');
    expect(() =>
      defineFlow({
        name: 'f',
        campaign: 'c',
        start: 'a',
        entry: [{ type: 'api' }],
        elements: {
          a: {
            type: 'splitAudience',
            branches: [
              {
                share: 100,
                // @ts-expect-error there is no element x, inside a branch either
                next: 'x',
              },
            ],
          },
        },
      }),
    ).toThrow('elements.a.branches[0].next: there is no element x');
  });

  test('does not compile with a start or an opt-out branch that does not exist', () => {
    expect(() =>
      defineFlow({
        name: 'f',
        campaign: 'c',
        // @ts-expect-error there is no element b
        start: 'b',
        // @ts-expect-error there is no element d
        onOptOut: 'd',
        entry: [{ type: 'api' }],
        elements: { a: { type: 'exit' } },
      }),
    ).toThrow(/start: there is no element b; onOptOut: there is no element d/);
  });

  test('does not compile with a mistyped element, field, channel, length of time, operator or entry point', () => {
    const head = { name: 'f', campaign: 'c', start: 'a', entry: [{ type: 'api' }] } as const;
    expect(() =>
      defineFlow({
        ...head,
        elements: {
          a: {
            // @ts-expect-error it is called sendMessage
            type: 'sendMesage',
            channel: 'SMS',
            sender: '1',
            text: 't',
            next: 'a',
          },
        },
      }),
    ).toThrow('elements.a.type: must be one of sendMessage');
    expect(() =>
      defineFlow({
        ...head,
        elements: {
          a: {
            type: 'exit',
            // @ts-expect-error an exit leads nowhere
            next: 'a',
          },
        },
      }),
    ).toThrow('elements.a: Unrecognized key: "next"');
    expect(() =>
      defineFlow({
        ...head,
        elements: {
          a: {
            type: 'sendMessage',
            // @ts-expect-error nobody sends on this channel
            channel: 'FAX',
            sender: '1',
            text: 't',
            next: 'done',
          },
          done: exit,
        },
      }),
    ).toThrow('elements.a.channel');
    expect(() =>
      defineFlow({
        ...head,
        elements: {
          a: {
            type: 'pause',
            // @ts-expect-error a length of time has a unit that exists
            for: '2 dais',
            next: 'done',
          },
          done: exit,
        },
      }),
    ).toThrow('elements.a');
    expect(() =>
      defineFlow({
        ...head,
        elements: {
          a: {
            type: 'segmentAudience',
            // @ts-expect-error there is no operator `below`
            when: [{ property: 'score', operator: 'below', value: 3, next: 'done' }],
            otherwise: 'done',
          },
          done: exit,
        },
      }),
    ).toThrow('elements.a.when[0]');
    expect(() =>
      defineFlow({
        ...head,
        // @ts-expect-error there is no such entry point
        entry: [{ type: 'telepathy' }],
        elements: { a: { type: 'exit' } },
      }),
    ).toThrow('entry[0].type: must be one of audience, event, inboundMessage, api, flow, date');
  });
});

describe('a flow that comes as JSON', () => {
  test('may use every element and entry point', () => {
    expect(checkFlow(everything)).toEqual({ ok: true, flow: everything });
    expect(parseFlow(JSON.parse(JSON.stringify(everything)))).toEqual(everything);
  });

  test('is refused with every violation at once', () => {
    expect(
      violations({
        name: 'a flow',
        campaign: '',
        account: 'x',
        'settings.frequencyCap.per': 'often',
        'elements.mail.next': 'nowhere',
        'elements.sms.text': '',
        'elements.split.branches': [{ share: 50, next: 'wait' }],
        'elements.arrived.of': 'tag',
      }),
    ).toEqual([
      'name: must be letters, digits, dots, hyphens and underscores, 64 at most',
      'campaign: must not be empty',
      'account: must be an account key: 32 upper-case hexadecimal digits',
      "settings.frequencyCap.per: must be a length of time such as '24 hours'",
      'elements.split.branches: the shares must add up to 100',
      'elements.sms.text: must not be empty',
      'elements.mail.next: there is no element nowhere',
      'elements.arrived.of: must name an element of type sendMessage, but tag is of type addTag',
    ]);
  });

  test.each<[Readonly<Record<string, unknown>>, string]>([
    [
      { 'elements.answer.replyTo': 'call' },
      'elements.answer.replyTo: must name an element of type sendMessage, but call is of type callApi',
    ],
    [
      { 'elements.total.of': 'wait' },
      'elements.total.of: must name an element of type waitForEvent, but wait is of type pause',
    ],
    [
      { 'elements.leave.because': 'wait' },
      'elements.leave.because: must name an element of type sendMessage, but wait is of type pause',
    ],
    [
      { 'elements.back.proof': 'bought' },
      'elements.back.proof: must name an element of type evaluateInboundMessage, but bought is of type waitForEvent',
    ],
    [
      { 'elements.leave.sender': undefined },
      'elements.leave.level: FROM_SENDER needs `because`, or `channel` and `sender`',
    ],
    [{ 'elements.back.proof': undefined }, 'elements.back.level: FROM_SENDER needs `proof`, or `channel` and `sender`'],
    [{ 'elements.lonely': exit }, 'elements.lonely: cannot be reached from `start` or `onOptOut`'],
    [{ 'elements.total.when': [] }, 'elements.total.when: must list at least one branch'],
    [
      { 'elements.total.when': [{ property: 'p', operator: 'is', value: 1 }] },
      'elements.total.when[0].next: must be the id of an element',
    ],
    [
      { 'elements.total.when': [{ any: [], next: 'leave' }] },
      'elements.total.when[0].any: must list at least one condition',
    ],
    [{ 'elements.sms.subject': 'x' }, 'elements.sms.subject: only EMAIL and MMS have a subject'],
    [
      { 'elements.sms.text': 'Hello {{first name}}' },
      'elements.sms.text: has a placeholder that is not of the form {{name}}',
    ],
    [{ 'elements.sms.text': 'x'.repeat(10_001) }, 'elements.sms.text: must have at most 10000 characters'],
    [
      { 'elements.call.url': 'https://{{host}}/x' },
      'elements.call.url: must be an http or https address; its host cannot be a placeholder',
    ],
    [
      { 'elements.call.url': 'file:///etc/passwd' },
      'elements.call.url: must be an http or https address; its host cannot be a placeholder',
    ],
    [{ 'elements.tell.to': ['nobody'] }, 'elements.tell.to[0]: must be an e-mail address'],
    [
      { 'elements.wait.until': '2027-01-01' },
      "elements.wait: must have `next`, and either `for` ('2 days') or `until` (an ISO date or time)",
    ],
    [{ 'elements.person.set': {} }, 'elements.person.set: must set something'],
    [{ 'settings.quietHours': { from: '21:00', to: '21:00' } }, 'settings.quietHours.to: must differ from `from`'],
    [
      { 'settings.quietHours.timeZone': 'Mars' },
      'settings.quietHours.timeZone: must be an IANA time zone such as Europe/Zagreb',
    ],
    [{ 'settings.stopAt': '2027-02-01' }, 'settings.stopAt: must be later than `startAt`'],
    [{ entry: [] }, 'entry: must list 1 to 20 entry points'],
    [
      {
        entry: [
          { type: 'audience', mode: 'once', tag: 'a' },
          { type: 'audience', mode: 'once', tag: 'b' },
        ],
      },
      'entry: at most one audience is possible',
    ],
    [{ entry: [{ type: 'audience', mode: 'once' }] }, 'entry[0].tag: needs `tag` or `where`'],
    [{ entry: [{ type: 'date' }] }, 'entry[0]: must have either `at` (an ISO date or time) or `attribute`'],
    [{ extra: 1 }, ': Unrecognized key: "extra"'],
    [{ variables: { 'a b': 1 } }, 'variables.a b'],
  ])('%j is a violation', (changes, expected) => {
    expect(violations(changes).join('\n')).toContain(expected);
    expect(violations(changes)).toHaveLength(1);
  });

  test('must not loop without a wait, since it would send as often as it may', () => {
    expect(violations({ 'elements.goodbye': { type: 'addTag', tag: 'again', next: 'tell' } })).toEqual([
      'elements.goodbye: the loop goodbye -> tell -> goodbye never waits',
    ]);
    expect(violations({ 'elements.goodbye': { type: 'addTag', tag: 'again', next: 'wait' } })).toEqual([]);
  });

  test(`may have ${MOST_ELEMENTS} elements and not one more`, () => {
    const chain = (length: number): unknown => ({
      name: 'chain',
      campaign: 'c',
      start: 'e0',
      entry: [{ type: 'api' }],
      elements: Object.fromEntries(
        Array.from({ length }, (_, i) => [
          `e${i}`,
          i === length - 1 ? exit : { type: 'addTag', tag: 't', next: `e${i + 1}` },
        ]),
      ),
    });
    expect(checkFlow(chain(100)).ok).toBe(true);
    expect(() => parseFlow(chain(101))).toThrow('elements: there are 101, but at most 100 are possible');
  });

  test('that is no flow at all is refused, never a crash', () => {
    for (const nonsense of [
      undefined,
      null,
      0,
      'flow',
      [],
      {},
      { elements: [] },
      { elements: { a: null } },
      { entry: 'api' },
    ]) {
      expect(() => parseFlow(nonsense)).toThrow(InvalidInputError);
    }
    const hostile = JSON.parse(
      '{"name":"f","campaign":"c","start":"__proto__","entry":[{"type":"constructor"}],"elements":{"__proto__":{"type":"exit"},"a":{"type":"toString"}}}',
    ) as unknown;
    expect(() => parseFlow(hostile)).toThrow(InvalidInputError);
  });

  test('is refused or frozen whatever it is made of', () => {
    const part = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('mail', 'goodbye', 'sendMessage', 'exit', undefined, Infinity, '1 day'),
    );
    const paths = Object.entries(everything.elements).flatMap(([id, element]) =>
      Object.keys(element).map((key) => `elements.${id}.${key}`),
    );
    const path = fc.constantFrom(
      'name',
      'start',
      'entry',
      'settings',
      'settings.goal',
      'elements',
      'variables',
      ...paths,
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(path, part), { maxLength: 3, selector: ([at]) => at.split('.')[0] }),
        (changes) => {
          const check = checkFlow(changed(Object.fromEntries(changes)));
          expect(check.ok ? Object.isFrozen(check.flow) : check.violations.length > 0).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
    fc.assert(fc.property(fc.jsonValue(), (value) => !checkFlow(value).ok));
    const long = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, i) => [`e${i}`, { type: 'addTag', tag: 't', next: `e${i + 1}` }]),
    );
    expect(violations({ elements: long })).toContain('elements: there are 100000, but at most 100 are possible');
  });
});
