// What an opt-out does to running flows: a reply to the sender, an operator's word, or the flow's own decision, on the real
// shared workers.
import type { Contact } from '../src/domain/contact.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  failureOf,
  recordedHistories,
  recordHistories,
  replayEnded,
  replayRecorded,
  statusOf,
} from './support/flow-histories.js';
import { optOutSignal } from './support/flow-signals.js';
import { checksOf, untilHeld, untilRegistered, untilSent } from './support/flow-team.js';
import { CACHES, startTeam, until, type Team } from './support/team.js';

describe.each(CACHES)('a worker $cache', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team?.close());

  const stop = (contact: Contact): Promise<void> => team.persons.reply(contact, 'STOP');

  it("an opt-out ends a flow as completed inside the user's own sleep, within a second", async () => {
    const contact = await team.persons.make();
    const handle = await team.start('sendAndSleep', [contact]);
    await untilSent(team, contact);
    await stop(contact);
    const acknowledgedAt = Date.now();
    expect(await handle.result()).toMatchObject({
      outcome: 'optedOut',
      contactId: contact.id,
      campaign: 'spring-2027',
    });
    expect(Date.now() - acknowledgedAt).toBeLessThan(1_000);
    expect(await statusOf(handle)).toBe('COMPLETED');
  });

  describe.concurrent('the examples', () => {
    it('win-back: a YES brings the coupon, an unhappy answer an opt-out with rule, event, message and campaign', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('winBack', [contact, 'spring-2027']);
      await untilSent(team, contact);
      await team.persons.reply(contact, 'Yes please');
      await untilSent(team, contact, 2);
      await team.persons.answersSurvey(contact, { score: 2 }, `survey of ${contact.id}`);
      expect(await handle.result()).toEqual({ rule: 'unhappy', matched: true, effect: 'added' });
      const messages = await team.persons.messagesTo(contact);
      expect(messages.map(({ text }) => text)).toEqual([
        'We miss you! Reply YES for 20 % off, STOP to end.',
        'BACK20 is yours. STOP to end.',
      ]);
      expect(await team.persons.ledgerOf(contact)).toMatchObject([
        {
          kind: 'BLOCK',
          effect: 'added',
          source: 'CAMPAIGN',
          campaign: 'spring-2027',
          evidence: {
            rule: 'unhappy',
            event: 'surveyAnswered',
            eventId: `survey of ${contact.id}`,
            becausePermitId: messages[0]?.messageId,
          },
        },
      ]);
    });

    it('win-back: a blocked offer is the result, as a value', async () => {
      const contact = await team.persons.make();
      await team.persons.optOut(contact);
      const handle = await team.start('winBack', [contact, 'spring-2027']);
      expect(await handle.result()).toMatchObject({
        outcome: 'blocked',
        contact,
        code: { status: { groupId: 5, id: 14, name: 'REJECTED_DESTINATION_BLOCKLISTED' }, error: { id: 2052 } },
      });
      expect(await team.persons.textsTo(contact)).toEqual([]);
    });

    it('appointment: the answer confirms it', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('arrangeAppointment', [contact, '9:30']);
      await untilSent(team, contact);
      await team.persons.reply(contact, 'yes', { channel: 'VIBER', to: 'Clinic' });
      expect(await handle.result()).toBe('confirmed');
      expect(team.calendar).not.toContain(`free ${contact.id} 9:30`);
    });

    it('appointment: an opt-out ends the conversation, and its clean-up frees the slot', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('arrangeAppointment', [contact, '9:30']);
      await untilSent(team, contact);
      await team.persons.reply(contact, 'Stop', { channel: 'VIBER', to: 'Clinic' });
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut', contactId: contact.id });
      expect(team.calendar).toContain(`free ${contact.id} 9:30`);
    });
  });

  describe.concurrent('an opt-out', () => {
    it('lets clean-up finish, shielded or not, and even send what is still allowed', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('cleanUp', [contact]);
      await untilSent(team, contact);
      await team.persons.optOut(contact, 'MARKETING');
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
      expect(await team.persons.textsTo(contact)).toEqual(['Hello', 'Bye']);
    });

    it('ends a flow that wraps its errors', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('wrapErrors', [contact]);
      await untilSent(team, contact);
      await stop(contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
    });

    it('does not hide a failure of the clean-up', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('failCleanUp', [contact]);
      await untilSent(team, contact);
      await stop(contact);
      expect((await failureOf(handle)).type).toBe('Refund');
    });

    it('runs onOptOut instead of stopping; the flow goes on and its sends are blocked', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('carryOn', [contact]);
      await untilSent(team, contact);
      await stop(contact);
      expect(await handle.result()).toEqual({
        heard: [expect.stringMatching(/^\d+ of spring-2027$/), 'done'],
        after: 'blocked',
      });
    });

    it('counts once when it is signalled twice', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('carryOn', [contact]);
      await untilSent(team, contact);
      await handle.signal('blocklistOptOut', optOutSignal(contact));
      await handle.signal('blocklistOptOut', optOutSignal(contact));
      expect(await handle.result()).toMatchObject({ heard: ['77 of spring-2027', 'done'] });
    });

    it('is waited for: a flow ends only after its onOptOut has', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('endEarly', [contact]);
      await untilRegistered(team, contact);
      await team.persons.optOut(contact);
      // The result is encoded when the flow ends, so it holds what was pushed by then.
      expect(await handle.result()).toEqual(['begun', 'done']);
    });

    it('of somebody else does not concern the flow', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('oneOfTwo', [contact]);
      await untilSent(team, contact);
      await handle.signal('blocklistOptOut', optOutSignal(await team.persons.make()));
      expect(await handle.result()).toBe('slept');
    });

    it('that comes before the first step takes effect at that step, before anything is asked', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('lateStep', [contact]);
      await handle.signal('blocklistOptOut', optOutSignal(contact));
      await handle.signal('proceed');
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
      expect(await checksOf(team, handle)).toEqual([]);
    });

    it('ends a continued run that has not come to its first step', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('monthly', [contact, 1]);
      await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'second run');
      await stop(contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut', contactId: contact.id });
    });

    it('that comes before a continued run begins is left to what that run sets for it', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('monthlyHandled', [contact, 1]);
      await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'second run');
      await handle.signal('blocklistOptOut', optOutSignal(contact));
      expect(await handle.result()).toBe('77');
    });

    it('is not lost when the flow continues as new while it stops', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('stubborn', [contact, 1]);
      await untilSent(team, contact);
      await stop(contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
    });

    it('leaves a cancelled workflow cancelled', async () => {
      const contact = await team.persons.make();
      const handle = await team.start('sendAndSleep', [contact]);
      await untilSent(team, contact);
      await handle.cancel();
      await handle.result().catch(() => undefined);
      expect(await statusOf(handle)).toBe('CANCELLED');
    });
  });

  it('every history of this file replays', async () => {
    const { replayed, errors } = await replayEnded(team);
    expect(errors).toEqual([]);
    expect(replayed).toBeGreaterThan(12);
    if (maxCachedWorkflows > 0)
      await recordHistories(team, ['winBack', 'arrangeAppointment', 'sendAndSleep', 'carryOn', 'monthly']);
  });
});

describe('a worker whose bundle was made without the plugin', () => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ hasPlugin: false });
  });
  afterAll(() => team?.close());

  it('still hears opt-outs in its steps, and says what is missing', async () => {
    const contact = await team.persons.make();
    await team.persons.halt('10950');
    const handle = await team.start('sendOne', [{ to: contact, channel: 'SMS', sender: '10950', text: 'Hello' }]);
    await untilHeld(team, handle);
    await team.persons.optOut(contact);
    const failure = await failureOf(handle);
    expect(failure).toMatchObject({ type: 'OPTED_OUT', nonRetryable: true });
    expect(failure.message).toContain('Register BlocklistPlugin on the worker');
  });
});

describe('recorded histories', () => {
  it('exist for the examples and the ways a flow ends', () => {
    expect(recordedHistories.length).toBeGreaterThanOrEqual(8);
  });

  it.each(recordedHistories)('%s replays with the code of today', (file) => replayRecorded(file));
});
