// The steps that ask the blocklist and change it, on the real shared workers.
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, recordHistories, replayEnded, signalsOf } from './support/flow-histories.js';
import { untilSent } from './support/flow-team.js';
import { CACHES, startTeam, until, type Team } from './support/team.js';
import type { Contact } from '../src/domain/contact.js';

describe.each(CACHES)('a worker $cache: the steps', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team?.close());

  it.concurrent('ask the blocklist without sending', async () => {
    const [free, blocked] = [await team.persons.make(), await team.persons.make()];
    await team.persons.optOut(blocked);
    const handle = await team.start('ask', [[free, blocked]]);
    expect(await handle.result()).toMatchObject([
      { contactId: free.id, blocked: false },
      { contactId: free.id, blocked: false },
      { contactId: blocked.id, blocked: true, explanation: { source: 'CUSTOM', covers: 'ALL' } },
    ]);
    expect((await failureOf(await team.start('ask', [[]]))).message).toBe(
      'checkBlocklist: contacts: must be a list of 1 to 1000 contacts',
    );
  });

  const judge = async (
    contact: Contact,
    properties: Readonly<Record<string, unknown>>,
    rule: unknown,
    eventId?: string,
  ): Promise<WorkflowHandle> => {
    const handle = await team.start('judge', [contact, rule]);
    const isHeard = async () => (await team.persons.flowsOf(contact)).includes(handle.workflowId);
    await until(isHeard, 'the flow is registered');
    await team.persons.answersSurvey(contact, properties, eventId);
    return handle;
  };
  const when = { property: 'score', operator: 'lessThan', value: 3 };

  it.concurrent('evaluate an event: no match changes nothing, a match has its evidence in the ledger', async () => {
    const contact = await team.persons.make();
    const unhappy = { rule: 'unhappy', when, optOut: { level: 'FROM_ANY_SENDER' } };
    expect(await (await judge(contact, { score: 5 }, unhappy)).result()).toEqual({ rule: 'unhappy', matched: false });
    const out = await judge(contact, { score: 1 }, unhappy, 'event-out');
    expect(await out.result()).toEqual({ rule: 'unhappy', matched: true, effect: 'added' });
    const back = { rule: 'back', when, optIn: { level: 'FROM_ANY_SENDER' } };
    const returned = await judge(contact, { score: 2 }, back, 'event-in');
    expect(await returned.result()).toEqual({ rule: 'back', matched: true, effect: 'removed' });
    expect(await team.persons.ledgerOf(contact)).toMatchObject([
      { kind: 'BLOCK', effect: 'added', source: 'CAMPAIGN', evidence: { rule: 'unhappy', eventId: 'event-out' } },
      { kind: 'UNBLOCK', effect: 'removed', source: 'CAMPAIGN', evidence: { rule: 'back', eventId: 'event-in' } },
    ]);
  });

  it.concurrent('refuse an event or a rule that cannot be evaluated', async () => {
    const wrongType = await failureOf(
      await judge(await team.persons.make(), { score: '1' }, { rule: 'unhappy', when }),
    );
    expect(wrongType).toMatchObject({ type: 'INVALID_INPUT' });
    expect(wrongType.message).toMatch(/^evaluateEvent: score: /);
    const malformed = await judge(await team.persons.make(), {}, { rule: '', when: { operator: 'near' } });
    expect((await failureOf(malformed)).message).toMatch(
      /^evaluateEvent: rule: must be a text .*when\.operator: must be one of/,
    );
  });

  it.concurrent('an event that never comes matches nothing', async () => {
    const rule = { rule: 'any', when: { property: 'score', operator: 'isEmpty' } };
    const handle = await team.start('judge', [await team.persons.make(), rule]);
    expect(await handle.result()).toEqual({ rule: 'any', matched: false });
  });

  it.concurrent('opt out and in by decision of the flow, which goes on', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('leaveAndReturn', [
      { contact, level: 'FROM_SENDER', channel: 'SMS', sender: '10950', rule: 'moved' },
    ]);
    expect(await handle.result()).toMatchObject([{ effect: 'added' }, { effect: 'removed' }]);
    const failure = await failureOf(await team.start('leaveAndReturn', [{ contact, level: 'FROM_SENDER' }]));
    expect(failure.message).toBe('optOut: level: FROM_SENDER needs `because`, or `channel` and `sender`');
  });

  it.concurrent('are told to operators: handlers with descriptions, and only in flows that use steps', async () => {
    const contact = await team.persons.make();
    const flow = await team.start('sendAndSleep', [contact]);
    await untilSent(team, contact);
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

  it('every history of this file replays', async () => {
    const { replayed, errors } = await replayEnded(team);
    expect(errors).toEqual([]);
    expect(replayed).toBeGreaterThanOrEqual(10);
    if (maxCachedWorkflows > 0) await recordHistories(team, ['judge']);
  });
});
