// A message that is held, on the real shared workers: the step waits durably.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replayEnded, signalsReceived } from './support/flow-histories.js';
import { checksOf, untilHeld } from './support/flow-team.js';
import { CACHES, startTeam, type Team } from './support/team.js';

describe.each(CACHES)('a worker $cache: a hold', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team?.close());

  const sms = { channel: 'SMS', sender: '10950', text: 'Hello' } as const;
  const oneInThree = { messages: 1, per: '3 seconds' } as const;

  it.concurrent('is waited out durably: a release lets the message go at once', async () => {
    const contact = await team.persons.make();
    const resume = await team.persons.halt('Release');
    const handle = await team.start('sendOne', [{ ...sms, to: contact, sender: 'Release', campaign: 'spring-2027' }]);
    await untilHeld(team, handle, 3);
    await resume();
    expect(await handle.result()).toMatchObject({ outcome: 'sent', contact });
    expect(await signalsReceived(handle, 'blocklistReleased')).toBe(1);
    const checks = await checksOf(team, handle);
    expect(new Set(checks.map(({ input }) => JSON.stringify(input))).size).toBe(1);
    expect(new Set(checks.map(({ result }) => result?.permitId)).size).toBe(1);
  });

  it.concurrent('whose release got lost is asked about again, ever more slowly', async () => {
    const contact = await team.persons.make();
    await team.persons.halt('Lost');
    const handle = await team.start('sendOne', [{ ...sms, to: contact, sender: 'Lost' }]);
    await untilHeld(team, handle, 2);
    // Ended behind everybody's back: nobody is told.
    await team.storage.db.query(
      `update halts set resumed_at = clock_timestamp(), released_at = clock_timestamp() where sender = 'Lost'`,
      [],
    );
    expect(await handle.result()).toMatchObject({ outcome: 'sent' });
  });

  it.concurrent('with an end is asked about then, and not before', async () => {
    const contact = await team.persons.make();
    const message = { ...sms, to: contact, sender: 'Capped', frequencyCap: oneInThree };
    await (await team.start('sendOne', [message])).result();
    const handle = await team.start('sendOne', [message]);
    expect(await handle.result()).toMatchObject({ outcome: 'sent' });
    const checks = await checksOf(team, handle);
    const [first] = checks;
    expect(first?.result).toMatchObject({ outcome: 'held', reason: 'FREQUENCY_CAP' });
    const until = first?.result?.outcome === 'held' ? Date.parse(first.result.until ?? '') : NaN;
    const [, sent] = await team.persons.messagesTo(contact);
    expect(Date.parse(sent?.acceptedAt ?? '')).toBeGreaterThanOrEqual(until);
    expect(checks.length).toBeLessThanOrEqual(3);
  });

  it.concurrent('ends with the validity of the message: one last check says that it has expired', async () => {
    const contact = await team.persons.make();
    await team.persons.halt('Expiring');
    const handle = await team.start('sendOne', [{ ...sms, to: contact, sender: 'Expiring', validity: '2 seconds' }]);
    expect(await handle.result()).toMatchObject({ outcome: 'expired' });
    expect(await team.persons.textsTo(contact)).toEqual([]);
  });

  it.concurrent('comes back at once if the flow wants it', async () => {
    const contact = await team.persons.make();
    const frequencyCap = { messages: 1, per: '1 day' };
    await (await team.start('sendOne', [{ ...sms, to: contact, frequencyCap }])).result();
    const handle = await team.start('sendOne', [{ ...sms, to: contact, frequencyCap, onHold: 'return' }]);
    expect(await handle.result()).toMatchObject({ outcome: 'held', reason: 'FREQUENCY_CAP' });
  });

  it.concurrent('is left by an opt-out', async () => {
    const contact = await team.persons.make();
    await team.persons.halt('Left');
    const handle = await team.start('sendOne', [{ ...sms, to: contact, sender: 'Left' }]);
    await untilHeld(team, handle);
    await team.persons.optOut(contact);
    expect(await handle.result()).toMatchObject({ outcome: 'optedOut', contactId: contact.id });
    expect(await team.persons.textsTo(contact)).toEqual([]);
  });

  it('every history of this file replays', async () => {
    const { replayed, errors } = await replayEnded(team);
    expect(errors).toEqual([]);
    expect(replayed).toBeGreaterThanOrEqual(8);
  });
});
