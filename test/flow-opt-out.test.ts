// What an opt-out does to running flows, on a real Temporal server; the shared workers are stand-ins.
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  failureOf,
  recordedHistories,
  recordHistories,
  replayEnded,
  replayRecorded,
  statusOf,
} from './support/flow-histories.js';
import { CACHES, newContact, startTeam, until, type Team } from './support/team.js';

describe.each(CACHES)('a worker $cache', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team.close());

  const optOut = (handle: WorkflowHandle, contact: { readonly id: string }, eventId = '77'): Promise<void> =>
    handle.signal('blocklistOptOut', team.ready.optOutSignal(contact, { eventId }));
  const hasSent = (contact: { readonly id: string }, count = 1): Promise<void> =>
    until(() => team.ready.textsTo(contact).length >= count, `${count} messages`);

  it("an opt-out ends a flow as completed inside the user's own sleep, within a second", async () => {
    const contact = newContact();
    const handle = await team.start('sendAndSleep', [contact]);
    await hasSent(contact);
    const signalledAt = Date.now();
    await optOut(handle, contact);
    expect(await handle.result()).toMatchObject({ outcome: 'optedOut', contactId: contact.id });
    expect(Date.now() - signalledAt).toBeLessThan(1_000);
    expect(await statusOf(handle)).toBe('COMPLETED');
  });

  describe.concurrent('the examples', () => {
    it('win-back: a YES brings the coupon, an unhappy answer an opt-out with rule, event, message and campaign', async () => {
      const contact = newContact();
      const handle = await team.start('winBack', [contact, 'spring-2027']);
      await hasSent(contact);
      await handle.signal('blocklistReply', team.ready.replySignal(contact, 'Yes please'));
      await hasSent(contact, 2);
      await handle.signal('blocklistEvent', team.ready.eventSignal(contact, { score: 2 }));
      expect(await handle.result()).toEqual({ rule: 'unhappy', matched: true, effect: 'added' });
      expect(team.ready.textsTo(contact)).toEqual([
        'We miss you! Reply YES for 20 % off, STOP to end.',
        'BACK20 is yours. STOP to end.',
      ]);
      const [opted] = team.ready.opted.filter((opt) => opt.contact.id === contact.id);
      expect(opted).toMatchObject({
        kind: 'optOut',
        level: 'FROM_ANY_SENDER',
        evidence: { rule: 'unhappy', event: 'surveyAnswered', eventId: 'event-1', becausePermitId: expect.any(String) },
      });
    });

    it('win-back: a blocked offer is the result, as a value', async () => {
      const contact = newContact();
      team.ready.blocked.add(contact.id);
      const handle = await team.start('winBack', [contact, 'spring-2027']);
      expect(await handle.result()).toMatchObject({
        outcome: 'blocked',
        contact,
        code: { status: { groupId: 5, id: 14, name: 'REJECTED_DESTINATION_BLOCKLISTED' }, error: { id: 2052 } },
      });
      expect(team.ready.textsTo(contact)).toEqual([]);
    });

    it('appointment: the answer confirms it', async () => {
      const contact = newContact();
      const handle = await team.start('arrangeAppointment', [contact, '9:30']);
      await hasSent(contact);
      await handle.signal('blocklistReply', team.ready.replySignal(contact, 'yes'));
      expect(await handle.result()).toBe('confirmed');
      expect(team.calendar).not.toContain(`free ${contact.id} 9:30`);
    });

    it('appointment: an opt-out ends the conversation, and its clean-up frees the slot', async () => {
      const contact = newContact();
      const handle = await team.start('arrangeAppointment', [contact, '9:30']);
      await hasSent(contact);
      await optOut(handle, contact);
      expect(await handle.result()).toEqual({
        outcome: 'optedOut',
        contactId: contact.id,
        eventId: '77',
        campaign: 'spring-2027',
      });
      expect(team.calendar).toContain(`free ${contact.id} 9:30`);
    });
  });

  describe.concurrent('an opt-out', () => {
    it('lets clean-up finish, shielded or not, and even send what is still allowed', async () => {
      const contact = newContact();
      const handle = await team.start('cleanUp', [contact]);
      await hasSent(contact);
      await optOut(handle, contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
      expect(team.ready.textsTo(contact)).toEqual(['Hello', 'Bye']);
    });

    it('ends a flow that wraps its errors', async () => {
      const contact = newContact();
      const handle = await team.start('wrapErrors', [contact]);
      await hasSent(contact);
      await optOut(handle, contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
    });

    it('does not hide a failure of the clean-up', async () => {
      const contact = newContact();
      const handle = await team.start('failCleanUp', [contact]);
      await hasSent(contact);
      await optOut(handle, contact);
      expect((await failureOf(handle)).type).toBe('Refund');
    });

    it('runs onOptOut instead of stopping; the flow goes on and its sends are blocked', async () => {
      const contact = newContact();
      const handle = await team.start('carryOn', [contact]);
      await hasSent(contact);
      team.ready.blocked.add(contact.id);
      await optOut(handle, contact);
      expect(await handle.result()).toEqual({ heard: ['77 of spring-2027', 'done'], after: 'blocked' });
    });

    it('counts once when it is signalled twice', async () => {
      const contact = newContact();
      const handle = await team.start('carryOn', [contact]);
      await hasSent(contact);
      await optOut(handle, contact);
      await optOut(handle, contact);
      expect(await handle.result()).toMatchObject({ heard: ['77 of spring-2027', 'done'] });
    });

    it('is waited for: a flow ends only after its onOptOut has', async () => {
      const contact = newContact();
      const handle = await team.start('endEarly', [contact]);
      await until(() => team.ready.registered.some((input) => input.contact.id === contact.id), 'registered');
      await optOut(handle, contact);
      // The result is encoded when the flow ends, so it holds what was pushed by then.
      expect(await handle.result()).toEqual(['begun', 'done']);
    });

    it('of somebody else does not concern the flow', async () => {
      const contact = newContact();
      const handle = await team.start('oneOfTwo', [contact]);
      await hasSent(contact);
      await optOut(handle, newContact());
      expect(await handle.result()).toBe('slept');
    });

    it('that comes before the first step takes effect at that step, before anything is asked', async () => {
      const contact = newContact();
      const handle = await team.start('lateStep', [contact]);
      await optOut(handle, contact);
      await handle.signal('proceed');
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
      expect(team.ready.checks.filter(({ to }) => to.id === contact.id)).toEqual([]);
    });

    it('ends a continued run that has not come to its first step', async () => {
      const contact = newContact();
      const handle = await team.start('monthly', [contact, 1]);
      await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'second run');
      await optOut(handle, contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut', contactId: contact.id });
    });

    it('that comes before a continued run begins is left to what that run sets for it', async () => {
      const contact = newContact();
      const handle = await team.start('monthlyHandled', [contact, 1]);
      await until(async () => (await handle.describe()).runId !== handle.firstExecutionRunId, 'second run');
      await optOut(handle, contact);
      expect(await handle.result()).toBe('77');
    });

    it('is not lost when the flow continues as new while it stops', async () => {
      const contact = newContact();
      const handle = await team.start('stubborn', [contact, 1]);
      await hasSent(contact);
      await optOut(handle, contact);
      expect(await handle.result()).toMatchObject({ outcome: 'optedOut' });
    });

    it('leaves a cancelled workflow cancelled', async () => {
      const contact = newContact();
      const handle = await team.start('sendAndSleep', [contact]);
      await hasSent(contact);
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
  afterAll(() => team.close());

  it('still hears opt-outs in its steps, and says what is missing', async () => {
    const contact = newContact();
    team.ready.held.set(contact.id, { reason: 'HALT' });
    const handle = await team.start('sendOne', [{ to: contact, channel: 'SMS', sender: '10950', text: 'Hello' }]);
    await until(() => team.ready.checks.some(({ to }) => to.id === contact.id), 'checked');
    await handle.signal('blocklistOptOut', team.ready.optOutSignal(contact));
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
