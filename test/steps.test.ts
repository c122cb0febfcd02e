// The steps of hand-written flows, on a real Temporal server; the shared workers are stand-ins.
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  failureOf,
  permitOf,
  recordHistories,
  replayEnded,
  signalsOf,
  statusOf,
  summariesOf,
} from './support/flow-histories.js';
import { CACHES, newContact, startTeam, until, type Team } from './support/team.js';

describe.each(CACHES)('a worker $cache', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team.close());

  const asksAgain = (contact: { readonly id: string }, times: number): Promise<void> =>
    until(() => team.ready.checks.filter(({ to }) => to.id === contact.id).length >= times, `${times} checks`);
  const hasSent = (contact: { readonly id: string }, count = 1): Promise<void> =>
    until(() => team.ready.textsTo(contact).length >= count, `${count} messages`);

  describe.concurrent('a hold', () => {
    it('is waited out durably: a release lets the message go at once', async () => {
      const contact = newContact();
      team.ready.held.set(contact.id, { reason: 'HALT', until: '2099-01-01T00:00:00Z' });
      const handle = await team.start('sendOne', [
        { to: contact, channel: 'SMS', sender: '10950', text: 'Hello', campaign: 'spring-2027' },
      ]);
      await asksAgain(contact, 1);
      team.ready.held.delete(contact.id);
      const permitId = await permitOf(handle);
      await handle.signal('blocklistReleased', { permitId });
      expect(await handle.result()).toMatchObject({ outcome: 'sent', permitId, contact });
      const checks = team.ready.checks.filter(({ to }) => to.id === contact.id);
      expect(checks).toHaveLength(2);
      expect(checks[0]).toEqual(checks[1]);
    });

    it('whose release got lost is asked about again, ever more slowly', async () => {
      const contact = newContact();
      team.ready.held.set(contact.id, { reason: 'UNREAD_REPLY' });
      const handle = await team.start('sendOne', [{ to: contact, channel: 'SMS', sender: '10950', text: 'Hello' }]);
      await asksAgain(contact, 3);
      team.ready.held.delete(contact.id);
      expect(await handle.result()).toMatchObject({ outcome: 'sent' });
    });

    it('with an end is asked about then, and not before', async () => {
      const contact = newContact();
      const end = Date.now() + 1_500;
      team.ready.held.set(contact.id, { reason: 'QUIET_HOURS', until: new Date(end).toISOString() });
      const handle = await team.start('sendOne', [{ to: contact, channel: 'SMS', sender: '10950', text: 'Hello' }]);
      await asksAgain(contact, 1);
      team.ready.held.delete(contact.id);
      expect(await handle.result()).toMatchObject({ outcome: 'sent' });
      expect(Date.now()).toBeGreaterThanOrEqual(end - 50);
      expect(team.ready.checks.filter(({ to }) => to.id === contact.id)).toHaveLength(2);
    });

    it('ends with the validity of the message: one last check says that it has expired', async () => {
      const contact = newContact();
      team.ready.held.set(contact.id, { reason: 'HALT' });
      const handle = await team.start('sendOne', [
        { to: contact, channel: 'SMS', sender: '10950', text: 'Hello', validity: '2 seconds' },
      ]);
      expect(await handle.result()).toMatchObject({ outcome: 'expired' });
      expect(team.ready.textsTo(contact)).toEqual([]);
    });

    it('comes back at once if the flow wants it', async () => {
      const contact = newContact();
      team.ready.held.set(contact.id, { reason: 'FREQUENCY_CAP' });
      const handle = await team.start('sendOne', [
        { to: contact, channel: 'SMS', sender: '10950', text: 'Hello', onHold: 'return' },
      ]);
      expect(await handle.result()).toMatchObject({ outcome: 'held', reason: 'FREQUENCY_CAP' });
    });

    it('is left by an opt-out', async () => {
      const contact = newContact();
      team.ready.held.set(contact.id, { reason: 'UNREAD_REPLY' });
      const handle = await team.start('sendOne', [{ to: contact, channel: 'SMS', sender: '10950', text: 'Hello' }]);
      await asksAgain(contact, 1);
      await handle.signal('blocklistOptOut', team.ready.optOutSignal(contact));
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
    });
  });

  describe.concurrent('sending', () => {
    it('storage down: nothing is sent, flows wait and then go on', async () => {
      const contact = newContact();
      team.ready.withoutStorage.add(contact.id);
      const handle = await team.start('sendOne', [{ to: contact, channel: 'SMS', sender: '10950', text: 'Hello' }]);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await statusOf(handle)).toBe('RUNNING');
      expect(team.ready.textsTo(contact)).toEqual([]);
      team.ready.withoutStorage.delete(contact.id);
      expect(await handle.result()).toMatchObject({ outcome: 'sent' });
    });

    it('a provider that refuses until the validity is over: the message expires, as a value', async () => {
      const contact = newContact();
      team.ready.withoutProvider.add(contact.id);
      const handle = await team.start('sendOne', [
        { to: contact, channel: 'SMS', sender: '10950', text: 'Hello', validity: '2 seconds' },
      ]);
      expect(await handle.result()).toMatchObject({ outcome: 'expired' });
      expect(team.ready.textsTo(contact)).toEqual([]);
    });

    it('passes everything on, and shows neither text nor contact in summaries', async () => {
      const contact = newContact();
      const handle = await team.start('sendOne', [
        {
          to: { ...contact, destination: '385915550123' },
          channel: 'EMAIL',
          sender: 'shop@example.com',
          text: 'Our secret offer',
          subject: 'Hello',
          campaign: 'spring-2027',
          purpose: 'SERVICE',
          account: '0123456789ABCDEF0123456789ABCDEF',
          validity: '2 hours',
          quietHours: { from: '21:00', to: '08:00', timeZone: 'Europe/Zagreb' },
          frequencyCap: { messages: 3, per: '7 days', over: 'block' },
          key: 'welcome',
        },
      ]);
      expect(await handle.result()).toMatchObject({ outcome: 'sent', contact });
      expect(team.ready.checks.find(({ to }) => to.id === contact.id)).toEqual({
        flow: { workflowId: handle.workflowId, firstRunId: handle.firstExecutionRunId },
        step: 'key welcome',
        to: contact,
        channel: 'EMAIL',
        sender: 'shop@example.com',
        accountKey: '0123456789ABCDEF0123456789ABCDEF',
        campaign: 'spring-2027',
        purpose: 'SERVICE',
        validForSeconds: 7200,
        quietHours: { from: '21:00', to: '08:00', timeZone: 'Europe/Zagreb' },
        frequencyCap: { messages: 3, perSeconds: 604_800, over: 'block' },
      });
      const summaries = await summariesOf(handle);
      expect(summaries).toEqual(['EMAIL spring-2027', 'EMAIL spring-2027']);
    });

    it('numbers its sends within a run, and names the run it continues', async () => {
      const contact = newContact();
      const handle = await team.start('rounds', [contact, 1]);
      await hasSent(contact);
      await handle.signal('proceed');
      await handle.result();
      const checks = team.ready.checks.filter(({ to }) => to.id === contact.id);
      expect(checks.map(({ step }) => step)).toEqual(['1', '1']);
      expect(checks.map(({ flow }) => flow.firstRunId)).toEqual([
        handle.firstExecutionRunId,
        handle.firstExecutionRunId,
      ]);
      expect(checks.map(({ flow }) => flow.continuedFromRunId)).toEqual([undefined, handle.firstExecutionRunId]);
    });

    it.each([
      ['no object', null, 'sendMessage: expects an object'],
      [
        'everything wrong',
        {
          to: '385915550123',
          channel: 'FAX',
          sender: '',
          text: 'x'.repeat(10_001),
          campaign: '',
          subject: 'S',
          validity: 'soon',
        },
        'sendMessage: to: must be a Contact as BlocklistClient.contact() gives it; numbers and addresses do not belong in a workflow; ' +
          'channel: must be one of SMS, MMS, VIBER, RCS, EMAIL; sender: must be a text of 1 to 255 characters; ' +
          'text: must be a text of 1 to 10000 characters; subject: only EMAIL and MMS messages have one; ' +
          "campaign: must be a text of 1 to 255 characters; validity: must be a time such as '24 hours' or 5000 (milliseconds), at most 30 days",
      ],
      [
        'absurd numbers',
        {
          to: { id: '1' },
          channel: 'SMS',
          sender: '1',
          text: 'T',
          validity: 1e300,
          frequencyCap: { messages: 0.5, per: -1 },
          quietHours: { from: '25:00', to: '8', timeZone: '' },
        },
        "sendMessage: validity: must be a time such as '24 hours' or 5000 (milliseconds), at most 30 days; " +
          'quietHours.from: must be a time of day such as 21:00; quietHours.to: must be a time of day such as 08:00; ' +
          'quietHours.timeZone: must be a text of 1 to 64 characters; ' +
          'frequencyCap.messages: must be a whole number from 1 to 100000; ' +
          "frequencyCap.per: must be a time such as '24 hours' or 5000 (milliseconds), at most 366 days",
      ],
    ])('refuses bad input with a typed failure that shows no value: %s', async (_, message, expected) => {
      const failure = await failureOf(await team.start('sendOne', [message], 'bad'));
      expect(failure).toMatchObject({ type: 'INVALID_INPUT', nonRetryable: true, message: expected });
    });

    it('refuses an absurdly long text before anything is scheduled', async () => {
      const message = { to: newContact(), channel: 'SMS', sender: '1', text: 'x'.repeat(1_000_000) };
      expect((await failureOf(await team.start('sendOne', [message], 'large'))).type).toBe('INVALID_INPUT');
    });

    it('gives what the shared workers refuse for good the same type', async () => {
      const message = {
        to: newContact(),
        channel: 'SMS',
        sender: '1',
        text: 'T',
        quietHours: { from: '21:00', to: '08:00', timeZone: 'Nowhere/Land' },
      };
      expect(await failureOf(await team.start('sendOne', [message], 'zone'))).toMatchObject({
        type: 'INVALID_INPUT',
        message: 'quietHours.timeZone: is no time zone',
      });
    });
  });

  describe.concurrent('waiting', () => {
    it('finds replies and events that came before the wait', async () => {
      const contact = newContact();
      const handle = await team.start('listenLate', [contact]);
      await handle.signal('blocklistReply', team.ready.replySignal(contact, 'Perhaps'));
      await handle.signal('blocklistEvent', team.ready.eventSignal(contact, { score: 4 }));
      await handle.signal('proceed');
      expect(await handle.result()).toEqual({ keyword: 'PERHAPS', score: 4 });
    });

    it('gives each reply out once, also when it was delivered twice', async () => {
      const contact = newContact();
      const handle = await team.start('waitTwice', [contact, '2 seconds']);
      await until(() => team.ready.registered.some((input) => input.contact.id === contact.id), 'registered');
      const reply = team.ready.replySignal(contact, 'Hi');
      await handle.signal('blocklistReply', reply);
      await handle.signal('blocklistReply', reply);
      const results: readonly { readonly timedOut: boolean }[] = await handle.result();
      expect(results.filter(({ timedOut }) => !timedOut)).toEqual([
        {
          timedOut: false,
          contact,
          text: 'Hi',
          keyword: 'HI',
          inboxId: 'inbox Hi',
          receivedAt: '2027-03-01T10:00:00Z',
        },
      ]);
      expect(results).toHaveLength(2);
    });

    it('two waits get two replies', async () => {
      const contact = newContact();
      const handle = await team.start('waitTwice', [contact, '20 seconds']);
      await handle.signal('blocklistReply', team.ready.replySignal(contact, 'One'));
      await handle.signal('blocklistReply', team.ready.replySignal(contact, 'Two'));
      const results: readonly { readonly keyword: string }[] = await handle.result();
      expect(results.map(({ keyword }) => keyword).sort()).toEqual(['ONE', 'TWO']);
    });

    it('takes the reply to its own message, or one that names none', async () => {
      const contact = newContact();
      const handle = await team.start('replyToSecond', [contact]);
      await hasSent(contact, 2);
      const [first, second] = team.ready.sent.filter(({ contactId }) => contactId === contact.id);
      await handle.signal(
        'blocklistReply',
        team.ready.replySignal(contact, 'Early', { permitId: first?.permitId ?? '' }),
      );
      await handle.signal(
        'blocklistReply',
        team.ready.replySignal(contact, 'Right', { permitId: second?.permitId ?? '' }),
      );
      expect(await handle.result()).toMatchObject({ keyword: 'RIGHT', permitId: second?.permitId });
    });

    it('registers a flow once for a contact that no send has registered', async () => {
      const contact = newContact();
      const handle = await team.start('judge', [
        contact,
        { rule: 'any', when: { property: 'score', operator: 'isNotEmpty' } },
      ]);
      await until(() => team.ready.registered.some((input) => input.contact.id === contact.id), 'registered');
      await handle.signal('blocklistEvent', team.ready.eventSignal(contact, { score: 1 }));
      await handle.result();
      expect(team.ready.registered.filter((input) => input.contact.id === contact.id)).toEqual([
        { flow: { workflowId: handle.workflowId, firstRunId: handle.firstExecutionRunId }, contact },
      ]);
    });

    it('keeps what is unread when the flow continues as new, and does not give it out again', async () => {
      const contact = newContact();
      const handle = await team.start('rounds', [contact, 1]);
      await hasSent(contact);
      const reply = team.ready.replySignal(contact, 'Kept');
      await handle.signal('blocklistReply', reply);
      await handle.signal('proceed');
      expect(await handle.result()).toMatchObject({ timedOut: false, text: 'Kept' });
    });
  });

  describe.concurrent('the other steps', () => {
    it('ask the blocklist without sending', async () => {
      const [free, blocked] = [newContact(), newContact()];
      team.ready.blocked.add(blocked.id);
      const handle = await team.start('ask', [[free, blocked]]);
      expect(await handle.result()).toMatchObject([
        { contactId: free.id, blocked: false },
        { contactId: free.id, blocked: false },
        { contactId: blocked.id, blocked: true, explanation: { source: 'MO' } },
      ]);
      expect((await failureOf(await team.start('ask', [[]]))).message).toBe(
        'checkBlocklist: contacts: must be a list of 1 to 1000 contacts',
      );
    });

    it('evaluate an event: no match changes nothing, an opt-in has its evidence, a wrong type is an error', async () => {
      const contact = newContact();
      const judge = async (properties: Record<string, unknown>, rule: unknown): Promise<WorkflowHandle> => {
        const handle = await team.start('judge', [contact, rule]);
        await handle.signal('blocklistEvent', team.ready.eventSignal(contact, properties));
        return handle;
      };
      const when = { property: 'score', operator: 'lessThan', value: 3 };
      expect(
        await (await judge({ score: 5 }, { rule: 'unhappy', when, optOut: { level: 'FROM_ANY_SENDER' } })).result(),
      ).toEqual({
        rule: 'unhappy',
        matched: false,
      });
      const handle = await judge(
        { score: 1 },
        { rule: 'back', when, optIn: { level: 'FROM_SENDER', because: { permitId: 'p', inboxId: '9' } } },
      );
      expect(await handle.result()).toEqual({ rule: 'back', matched: true, effect: 'removed' });
      expect(team.ready.opted.find((opt) => opt.contact.id === contact.id)).toMatchObject({
        kind: 'optIn',
        evidence: { rule: 'back', becausePermitId: 'p', becauseInboxId: '9', eventId: 'event-1' },
      });
      const wrongType = await failureOf(await judge({ score: '1' }, { rule: 'unhappy', when }));
      expect(wrongType).toMatchObject({ type: 'INVALID_INPUT' });
      expect(wrongType.message).toMatch(/^evaluateEvent: score: /);
      const malformed = await failureOf(await judge({}, { rule: '', when: { operator: 'near' } }));
      expect(malformed.message).toMatch(/^evaluateEvent: rule: must be a text .*when\.operator: must be one of/);
    });

    it('an event that never comes matches nothing', async () => {
      const handle = await team.start('judge', [
        newContact(),
        { rule: 'any', when: { property: 'score', operator: 'isEmpty' } },
      ]);
      expect(await handle.result()).toEqual({ rule: 'any', matched: false });
    });

    it('opt out and in by decision of the flow, which goes on', async () => {
      const contact = newContact();
      const handle = await team.start('leaveAndReturn', [
        { contact, level: 'FROM_SENDER', channel: 'SMS', sender: '10950', rule: 'moved' },
      ]);
      expect(await handle.result()).toEqual([
        { eventIds: ['11'], effect: 'added' },
        { eventIds: ['12'], effect: 'removed' },
      ]);
      const failure = await failureOf(await team.start('leaveAndReturn', [{ contact, level: 'FROM_SENDER' }]));
      expect(failure.message).toBe('optOut: level: FROM_SENDER needs `because`, or `channel` and `sender`');
    });

    it('are told to operators: handlers with descriptions, and only in flows that use steps', async () => {
      const contact = newContact();
      const flow = await team.start('sendAndSleep', [contact]);
      await hasSent(contact);
      const ordinary = await team.start('ordinary', []);
      const signals = await signalsOf(flow);
      expect(signals.map(({ name }) => name).sort()).toEqual([
        'blocklistEvent',
        'blocklistOptOut',
        'blocklistReleased',
        'blocklistReply',
      ]);
      expect(signals.every(({ description }) => (description ?? '').length > 20)).toBe(true);
      expect((await signalsOf(ordinary)).map(({ name }) => name)).toEqual(['proceed']);
      await ordinary.signal('proceed');
      expect(await ordinary.result()).toBe('true ordinary 36');
      await flow.terminate();
    });
  });

  it('every history of this file replays', async () => {
    const { replayed, errors } = await replayEnded(team);
    expect(errors).toEqual([]);
    expect(replayed).toBeGreaterThan(20);
    if (maxCachedWorkflows > 0) await recordHistories(team, ['sendOne', 'rounds', 'judge']);
  });
});
