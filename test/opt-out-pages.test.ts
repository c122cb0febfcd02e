// Opt-out links: what a person sees, and what a press does, on a real Postgres behind a running gateway.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listUnsubscribeHeaders } from '../src/domain/list-unsubscribe.js';
import { dayNumber, signOptOutLink, type OptOutLink } from '../src/domain/opt-out-link.js';
import { pageLanguage } from '../src/gateway/opt-out/page-language.js';
import { PAGE_LANGUAGES, PAGE_TEXTS } from '../src/gateway/opt-out/page-texts.js';
import { beginDispatch, startTestGateway, type TestGateway } from './support/running-gateway.js';
import { claim, send, type MessageSpec } from './support/storage-fixture.js';

let test: TestGateway;

beforeAll(async () => {
  test = await startTestGateway();
});
afterAll(() => test.close());

interface Sent {
  readonly person: string;
  readonly permitId: string;
  readonly contactId: string;
  readonly campaignId: number;
  readonly link: OptOutLink;
  readonly path: string;
}

let people = 0;

async function aMessage(
  spec: Partial<MessageSpec> = {},
  level: OptOutLink['level'] = 'FROM_ANY_SENDER',
  ageInDays = 0,
): Promise<Sent> {
  const person = String(385_920_000_000 + ++people);
  const account = await test.storage.accounts.get();
  const message = await send(test.storage, { to: person, campaign: 'spring', ...spec });
  const campaignId = await test.storage.streams.campaignId(account.id, spec.campaign ?? 'spring');
  const link: OptOutLink = {
    permitId: message.permitId,
    contactId: message.contactId,
    accountId: account.id,
    channel: spec.channel ?? 'SMS',
    senderId: message.request.streamId,
    campaignId,
    level,
    issuedDay: dayNumber(new Date()) - ageInDays,
  };
  const [key] = test.config.linkKeys;
  if (key === undefined) throw new Error('no key');
  return {
    person,
    permitId: message.permitId,
    contactId: message.contactId,
    campaignId,
    link,
    path: `/u/${signOptOutLink(key, link)}`,
  };
}

const page = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
  fetch(`${test.gateway.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
const press = (path: string) => page('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, '');

async function eventsOf(contactId: string) {
  const found = await test.storage.db.query(
    `select effect, source, channel, sender, campaign_id as "campaignId", send_id as "sendId", confidence, actor, evidence
     from blocklist_events where contact_id = $1 order by id`,
    [contactId],
  );
  return found.rows;
}

async function rowsWritten(): Promise<unknown> {
  const found = await test.storage.db.query(
    `select (select count(*) from blocklist_events) as events, (select count(*) from blocklist_entries) as entries,
       (select count(*) from inbox) as inbox, (select count(*) from outbox) as outbox`,
  );
  return found.rows[0];
}

describe('opening a link', () => {
  it('shows a page that says what a press will do, and writes nothing, however often and by whomever it is opened', async () => {
    const { path } = await aMessage();
    const before = await rowsWritten();
    for (let n = 0; n < 5; n += 1) {
      const get = await page('GET', path, { purpose: 'prefetch', 'user-agent': 'LinkScanner/1.0' });
      expect(get.status).toBe(200);
      expect(get.headers.get('content-type')).toBe('text/html; charset=utf-8');
      const html = await get.text();
      expect(html).toContain('Stop receiving messages?');
      expect(html).toContain('<form method="post"><button type="submit">Stop messages</button></form>');
      const head = await page('HEAD', path);
      expect(head.status).toBe(200);
      expect(await head.text()).toBe('');
    }
    expect(await rowsWritten()).toEqual(before);
  });

  it('shows nothing about the person, runs no script, loads nothing, and may not be kept or framed', async () => {
    const { path, person } = await aMessage();
    const answer = await page('GET', path);
    const html = await answer.text();
    expect(html).not.toContain(person);
    expect(html).not.toMatch(/<script|javascript:|<img|<link|https?:\/\//i);
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
    );
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    ['de', 'de-AT,de;q=0.9,en;q=0.5', 'Keine Nachrichten mehr erhalten?'],
    ['es', 'ja, es-MX;q=0.8, en;q=0.1', '¿Dejar de recibir mensajes?'],
    ['fr', 'fr, es-MX;q=0.8, en;q=0.1', 'Ne plus recevoir de messages ?'],
    ['en', 'xx', 'Stop receiving messages?'],
  ])('speaks %s to a browser that prefers it', async (language, accepted, title) => {
    const { path } = await aMessage();
    const answer = await page('GET', path, { 'accept-language': accepted });
    expect(answer.headers.get('content-language')).toBe(language);
    const html = await answer.text();
    expect(html).toContain(`<html lang="${language}" dir="ltr">`);
    expect(html).toContain(`<h1>${title}</h1>`);
  });

  it('speaks the language that the link names, before that of the browser, and keeps it for the press', async () => {
    const { path } = await aMessage();
    expect(await (await page('GET', `${path}?lang=de`, { 'accept-language': 'en' })).text()).toContain(
      'Nachrichten abbestellen',
    );
    expect(await (await page('POST', `${path}?lang=de`)).text()).toContain('Sie haben sich abgemeldet');
  });

  it('names the sender where the link is about one, in safe characters', async () => {
    const { path } = await aMessage({ sender: '<b>Shop & "Co"</b>' }, 'FROM_SENDER');
    expect(await (await page('GET', path)).text()).toContain(
      'no more messages from &lt;b&gt;Shop &amp; &quot;Co&quot;&lt;/b&gt; by SMS.',
    );
  });
});

describe('opening the link of somebody who has left', () => {
  it('says so instead of asking again, and what is still possible; and writes nothing', async () => {
    const [pressed, replied] = [await aMessage(), await aMessage()];
    await press(pressed.path);
    await test.storage.optOuts.optOut([
      {
        accountId: replied.link.accountId,
        contactId: replied.contactId,
        source: 'MO',
        receivedAt: new Date(),
        actor: 'person',
      },
    ]);
    const before = await rowsWritten();
    for (const { path } of [pressed, replied]) {
      const html = await (await page('GET', path)).text();
      expect(html).toContain('You have opted out');
      expect(html).toContain('answer one of our messages with START');
      expect(html).not.toContain('<form');
      expect((await page('HEAD', path)).status).toBe(200);
    }
    expect(await rowsWritten()).toEqual(before);
  });

  it('still asks whoever only an operator has listed, or who has left one sender of several', async () => {
    const [listed, partly] = [await aMessage(), await aMessage()];
    const change = { receivedAt: new Date(), accountId: listed.link.accountId };
    await test.storage.optOuts.optOut([
      { ...change, contactId: listed.contactId, source: 'CUSTOM', actor: 'operator:test' },
      { ...change, contactId: partly.contactId, source: 'MO', actor: 'person', channel: 'SMS', sender: 'ACME' },
    ]);
    for (const { path } of [listed, partly]) {
      expect(await (await page('GET', path)).text()).toContain('Stop receiving messages?');
    }
  });
});

describe('pressing the button', () => {
  it('puts the person on the list, tied exactly to the message, its sender, channel and campaign, and says so', async () => {
    const message = await aMessage();
    const answer = await press(message.path);
    expect(answer.status).toBe(200);
    const html = await answer.text();
    expect(html).toContain('You have opted out');
    expect(html).not.toContain('Stop messages');
    expect(await eventsOf(message.contactId)).toEqual([
      {
        effect: 'added',
        source: 'URL_OPT_OUT',
        channel: null,
        sender: null,
        campaignId: message.campaignId,
        sendId: message.permitId,
        confidence: 'exact',
        actor: 'person',
        evidence: { by: 'page' },
      },
    ]);
    expect((await claim(test.storage, { to: message.person, channel: 'VIBER', sender: 'Other' })).state).toBe(
      'blocked',
    );
  });

  it('stops one sender on one channel where the link is about that', async () => {
    const message = await aMessage({ sender: '10950' }, 'FROM_SENDER');
    await press(message.path);
    expect(await eventsOf(message.contactId)).toMatchObject([{ channel: 'SMS', sender: '10950' }]);
    expect((await claim(test.storage, { to: message.person, sender: '10950' })).state).toBe('blocked');
    expect((await claim(test.storage, { to: message.person, sender: '20950' })).state).toBe('claimed');
    expect((await claim(test.storage, { to: message.person, sender: '10950', channel: 'RCS' })).state).toBe('claimed');
  });

  it('again changes nothing', async () => {
    const message = await aMessage();
    for (let n = 0; n < 3; n += 1) expect(await (await press(message.path)).text()).toContain('You have opted out');
    expect((await eventsOf(message.contactId)).map((event) => event['effect'])).toEqual([
      'added',
      'already',
      'already',
    ]);
    const entries = await test.storage.db.query('select id from blocklist_entries where contact_id = $1', [
      message.contactId,
    ]);
    expect(entries.rows).toHaveLength(1);
  });

  it('of a link years old still opts out', async () => {
    const message = await aMessage({}, 'FROM_ANY_SENDER', 3_000);
    expect((await page('GET', message.path)).status).toBe(200);
    expect((await press(message.path)).status).toBe(200);
    expect(await eventsOf(message.contactId)).toMatchObject([
      { effect: 'added', evidence: { by: 'page', expired: true } },
    ]);
  });

  it('is answered only after the provider call that was under way', async () => {
    const message = await aMessage();
    const { permitId } = await claim(test.storage, { to: message.person });
    const settle = await beginDispatch(test.storage, permitId);
    let answered = false;
    const answer = press(message.path).then((response) => {
      answered = true;
      return response;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    await settle();
    expect((await answer).status).toBe(200);
  });

  it('takes back what was about to go out', async () => {
    const message = await aMessage();
    const { permitId } = await claim(test.storage, { to: message.person });
    await press(message.path);
    const found = await test.storage.db.query<{ state: string }>('select state from sends where id = $1', [permitId]);
    expect(found.rows[0]?.state).toBe('revoked');
  });
});

describe('choosing how far the press goes', () => {
  const allow = (optOutScopeChoice: boolean) => test.call('PATCH', '/api/v1/settings', { optOutScopeChoice });
  const choose = (path: string, scope: string) =>
    page('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, `scope=${scope}`);

  it('is offered where the account allows it, and goes as far as was chosen', async () => {
    expect((await allow(true)).status).toBe(200);
    try {
      const [narrow, wide] = [await aMessage({ sender: '10950' }), await aMessage({ sender: '10950' }, 'FROM_SENDER')];
      const html = await (await page('GET', narrow.path)).text();
      expect(html).toContain('<legend>Which messages do you want to stop?</legend>');
      expect(html).toContain('value="FROM_ANY_SENDER" checked');
      expect(await (await page('GET', wide.path)).text()).toContain('value="FROM_SENDER" checked');

      const answer = await (await choose(narrow.path, 'FROM_SENDER')).text();
      expect(answer).toContain('no more messages from 10950 by SMS');
      expect(answer).toContain('Stop all messages');
      expect(await eventsOf(narrow.contactId)).toMatchObject([{ channel: 'SMS', sender: '10950' }]);
      expect(await (await page('GET', narrow.path)).text()).toContain('Stop all messages');
      expect((await claim(test.storage, { to: narrow.person, sender: '10950' })).state).toBe('blocked');
      expect((await claim(test.storage, { to: narrow.person, sender: '20950' })).state).toBe('claimed');

      expect(await (await choose(narrow.path, 'FROM_ANY_SENDER')).text()).toContain('on any channel');
      expect((await claim(test.storage, { to: narrow.person, sender: '30950' })).state).toBe('blocked');
      await choose(wide.path, 'FROM_ANY_SENDER');
      expect(await eventsOf(wide.contactId)).toMatchObject([{ channel: null, sender: null }]);
    } finally {
      await allow(false);
    }
  });

  it('is not there otherwise: the link says how far', async () => {
    const message = await aMessage({ sender: '10950' });
    expect(await (await page('GET', message.path)).text()).not.toContain('<fieldset');
    await choose(message.path, 'FROM_SENDER');
    expect(await eventsOf(message.contactId)).toMatchObject([{ channel: null, sender: null }]);
  });
});

describe('undoing a press', () => {
  const undoIn = async (answer: Response): Promise<string> =>
    /name="undo" value="([\w-]+)"/.exec(await answer.text())?.[1] ?? '';
  const undo = (path: string, proof: string) =>
    page('POST', path, { 'content-type': 'application/x-www-form-urlencoded' }, `undo=${proof}`);

  it('lifts exactly what it made, for whoever pressed, and can be repeated', async () => {
    const message = await aMessage();
    const proof = await undoIn(await press(message.path));
    for (let n = 0; n < 2; n += 1) {
      expect(await (await undo(message.path, proof)).text()).toContain('Your opt-out was taken back');
    }
    expect((await eventsOf(message.contactId)).map((event) => event['effect'])).toEqual(['added', 'removed']);
    expect((await claim(test.storage, { to: message.person })).state).toBe('claimed');
  });

  it('is not offered to whoever only opens the link, nor taken from one who makes it up', async () => {
    const message = await aMessage();
    await press(message.path);
    expect(await undoIn(await page('GET', message.path))).toBe('');
    const other = await undoIn(await press((await aMessage()).path));
    await undo(message.path, other);
    expect((await claim(test.storage, { to: message.person })).state).toBe('blocked');
  });

  it('does nothing once something came since', async () => {
    const message = await aMessage();
    const proof = await undoIn(await press(message.path));
    await press(message.path);
    expect(await (await undo(message.path, proof)).text()).toContain('You are still opted out');
    expect((await claim(test.storage, { to: message.person })).state).toBe('blocked');
  });
});

describe('a one-click post of a mail program (RFC 8058)', () => {
  it.each([
    ['application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    [
      'multipart/form-data; boundary=xyz',
      '--xyz\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--xyz--\r\n',
    ],
  ])('as %s opts out and is answered with nothing', async (type, body) => {
    const message = await aMessage({ channel: 'EMAIL', to: `ana${++people}@example.com`, sender: 'news@shop.example' });
    const answer = await page('POST', message.path, { 'content-type': type }, body);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('');
    expect(await eventsOf(message.contactId)).toMatchObject([{ effect: 'added', evidence: { by: 'one-click' } }]);
  });

  it('is offered by two headers', () => {
    expect(listUnsubscribeHeaders('https://example.com/u/x')).toEqual({
      'List-Unsubscribe': '<https://example.com/u/x>',
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    });
  });
});

describe('a link that is not ours', () => {
  let message: Sent;
  let before: unknown;

  beforeEach(async () => {
    message = await aMessage();
    before = await rowsWritten();
  });

  it.each([
    [
      'forged',
      (token: string) =>
        signOptOutLink(Buffer.alloc(32, 9), { ...message.link, permitId: token.slice(0, 0) + message.permitId }),
    ],
    ['changed in one place', (token: string) => token.replace(/.$/, (last) => (last === 'A' ? 'Q' : 'A'))],
    ['cut off', (token: string) => token.slice(0, -5)],
    ['lengthened', (token: string) => `${token}AAAA`],
    ['hostile', () => encodeURIComponent('"><script>alert(1)</script>')],
    ['endless', () => 'A'.repeat(10_000)],
  ])('because it is %s shows a clear page and does nothing', async (_, change) => {
    const path = `/u/${change(message.path.slice(3))}`;
    for (const method of ['GET', 'POST']) {
      const answer = await page(method, path, { accept: 'text/html' });
      expect([400, 404, 414]).toContain(answer.status);
      expect(await answer.text()).not.toContain('<script');
    }
    expect(await rowsWritten()).toEqual(before);
  });

  it('says in words what to do', async () => {
    expect(await (await page('POST', `${message.path.slice(0, -4)}`)).text()).toContain('This link does not work');
  });

  it('only by the full stop of its sentence works all the same', async () => {
    expect((await page('GET', `${message.path}.`)).status).toBe(200);
    expect((await page('GET', `${message.path}),`)).status).toBe(200);
  });
});

describe('the texts', () => {
  it.each(PAGE_LANGUAGES)('in %s are complete and name the sender', (language) => {
    const texts = PAGE_TEXTS[language];
    const from = texts.from('Shop', 'SMS');
    for (const text of [texts.ask, texts.confirmed, texts.choice]) expect(text.sender(from)).toContain('Shop');
    for (const part of [texts.ask, texts.choice, texts.confirmed, texts.undone, texts.stands, texts.invalid]) {
      for (const text of Object.values(part)) if (typeof text === 'string') expect(text.length).toBeGreaterThan(3);
    }
  });

  it('are there in at least eight languages, one of which is written from right to left', async () => {
    expect(PAGE_LANGUAGES.length).toBeGreaterThanOrEqual(8);
    const { path } = await aMessage();
    expect(await (await page('GET', path, { 'accept-language': 'ar-EG' })).text()).toContain(
      '<html lang="ar" dir="rtl">',
    );
  });

  it.each([
    [undefined, undefined, 'en'],
    [undefined, 'de;q=0.3, es;q=0.7', 'es'],
    [undefined, 'es;q=0, de', 'de'],
    [undefined, '*', 'en'],
    [undefined, ';;;,,q=9', 'en'],
    ['DE-ch', 'es', 'de'],
    ['klingon', 'es', 'es'],
  ])('for a link that says %s and a browser that says %s are in %s', (asked, accepted, language) => {
    expect(pageLanguage(asked, accepted)).toBe(language);
  });
});
