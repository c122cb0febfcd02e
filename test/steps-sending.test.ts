// Sending from a hand-written flow, on the real shared workers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, recordHistories, replayEnded, summariesOf } from './support/flow-histories.js';
import { checksOf, untilSent } from './support/flow-team.js';
import { CACHES, startTeam, type Team } from './support/team.js';

describe.each(CACHES)('a worker $cache: sending', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team?.close());

  it('a provider that refuses until the validity is over: the message expires, as a value', async () => {
    const contact = await team.persons.make();
    await team.persons.refuse(contact);
    const handle = await team.start('sendOne', [
      { to: contact, channel: 'SMS', sender: '10950', text: 'Hello', validity: '2 seconds' },
    ]);
    expect(await handle.result()).toMatchObject({ outcome: 'expired' });
    expect(await team.persons.textsTo(contact)).toEqual([]);
  });

  it('passes everything on, and shows neither text nor contact in summaries', async () => {
    const account = '0123456789ABCDEF0123456789ABCDEF';
    await team.storage.accounts.create(account);
    const contact = await team.persons.make('email', account);
    const handle = await team.start('sendOne', [
      {
        to: { ...contact, destination: '385915550123' },
        channel: 'EMAIL',
        sender: 'shop@example.com',
        text: 'Our secret offer',
        subject: 'Hello',
        campaign: 'spring-2027',
        purpose: 'SERVICE',
        account,
        validity: '2 hours',
        quietHours: { from: '21:00', to: '08:00', timeZone: 'Europe/Zagreb' },
        frequencyCap: { messages: 3, per: '7 days', over: 'block' },
        key: 'welcome',
      },
    ]);
    expect(await handle.result()).toMatchObject({ outcome: 'sent', contact });
    const [check] = await checksOf(team, handle);
    expect(check?.input).toEqual({
      flow: { workflowId: handle.workflowId, firstRunId: handle.firstExecutionRunId },
      step: 'key welcome',
      to: contact,
      channel: 'EMAIL',
      sender: 'shop@example.com',
      accountKey: account,
      campaign: 'spring-2027',
      purpose: 'SERVICE',
      validForSeconds: 7200,
      quietHours: { from: '21:00', to: '08:00', timeZone: 'Europe/Zagreb' },
      frequencyCap: { messages: 3, perSeconds: 604_800, over: 'block' },
    });
    expect(await team.persons.messagesTo(contact)).toMatchObject([
      { channel: 'EMAIL', sender: 'shop@example.com', text: 'Our secret offer', campaignReferenceId: 'spring-2027' },
    ]);
    expect(await summariesOf(handle)).toEqual(['EMAIL spring-2027', 'EMAIL spring-2027']);
  });

  it('numbers its sends within a run, and names the run it continues', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('rounds', [contact, 1]);
    await untilSent(team, contact);
    await handle.signal('proceed');
    await handle.result();
    const inputs = (await checksOf(team, handle)).map(({ input }) => input);
    const first = handle.firstExecutionRunId;
    expect(inputs.map(({ step, flow }) => [step, flow.firstRunId, flow.continuedFromRunId])).toEqual([
      ['1', first, undefined],
      ['1', first, first],
    ]);
    expect(await team.persons.textsTo(contact)).toEqual(['Round 1', 'Round 2']);
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
    const message = { to: await team.persons.make(), channel: 'SMS', sender: '1', text: 'x'.repeat(1_000_000) };
    expect((await failureOf(await team.start('sendOne', [message], 'large'))).type).toBe('INVALID_INPUT');
  });

  it('gives what the shared workers refuse for good the same type', async () => {
    const message = { to: await team.persons.make(), channel: 'SMS', sender: '1', text: 'T' };
    const quietHours = { from: '21:00', to: '08:00', timeZone: 'Nowhere/Land' };
    const failure = await failureOf(await team.start('sendOne', [{ ...message, quietHours }], 'zone'));
    expect(failure.type).toBe('INVALID_INPUT');
    expect(failure.message).toMatch(/^timeZone: /);
  });

  it('every history of this file replays', async () => {
    const { replayed, errors } = await replayEnded(team);
    expect(errors).toEqual([]);
    expect(replayed).toBeGreaterThanOrEqual(8);
    if (maxCachedWorkflows > 0) await recordHistories(team, ['sendOne', 'rounds']);
  });
});
