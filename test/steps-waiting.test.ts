// Waiting for replies and events, on the real shared workers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { replayEnded } from './support/flow-histories.js';
import { replySignal } from './support/flow-signals.js';
import { untilRegistered, untilSent, untilSignalled } from './support/flow-team.js';
import { CACHES, startTeam, type Team } from './support/team.js';

describe.each(CACHES)('a worker $cache: waiting', ({ maxCachedWorkflows }) => {
  let team: Team;
  beforeAll(async () => {
    team = await startTeam({ worker: { maxCachedWorkflows } });
  });
  afterAll(() => team?.close());

  it.concurrent('finds replies and events that came before the wait', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('listenLate', [contact]);
    await untilSent(team, contact);
    await team.persons.reply(contact, 'Perhaps');
    await team.persons.answersSurvey(contact, { score: 4 });
    await untilSignalled(handle, 'blocklistReply');
    await untilSignalled(handle, 'blocklistEvent');
    await handle.signal('proceed');
    expect(await handle.result()).toEqual({ keyword: 'PERHAPS', score: 4 });
  });

  it.concurrent('gives each reply out once, also when it was delivered twice', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('waitTwice', [contact, '2 seconds']);
    await untilRegistered(team, contact);
    const reply = replySignal(contact, 'Hi');
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

  it.concurrent('two waits get two replies', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('waitTwice', [contact, '20 seconds']);
    await untilRegistered(team, contact);
    await team.persons.reply(contact, 'One');
    await team.persons.reply(contact, 'Two');
    const results: readonly { readonly keyword: string }[] = await handle.result();
    expect(results.map(({ keyword }) => keyword).sort()).toEqual(['ONE', 'TWO']);
  });

  it.concurrent('takes the reply to its own message, or one that names none', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('replyToSecond', [contact]);
    await untilSent(team, contact, 2);
    const [first, second] = (await team.persons.messagesTo(contact)).map(({ messageId }) => messageId);
    await team.persons.reply(contact, 'Early', { inReplyTo: first ?? '' });
    await untilSignalled(handle, 'blocklistReply');
    await team.persons.reply(contact, 'Right', { inReplyTo: second ?? '' });
    expect(await handle.result()).toMatchObject({ keyword: 'RIGHT', permitId: second });
  });

  it.concurrent('registers a flow once for a contact that no send has registered', async () => {
    const contact = await team.persons.make();
    const rule = { rule: 'any', when: { property: 'score', operator: 'isNotEmpty' } };
    const handle = await team.start('judge', [contact, rule]);
    await untilRegistered(team, contact);
    await team.persons.answersSurvey(contact, { score: 1 });
    expect(await handle.result()).toEqual({ rule: 'any', matched: true });
    expect(await team.persons.flowsOf(contact)).toEqual([handle.workflowId]);
  });

  it.concurrent('keeps what is unread when the flow continues as new, and does not give it out again', async () => {
    const contact = await team.persons.make();
    const handle = await team.start('rounds', [contact, 1]);
    await untilSent(team, contact);
    await team.persons.reply(contact, 'Kept');
    await untilSignalled(handle, 'blocklistReply');
    await handle.signal('proceed');
    expect(await handle.result()).toMatchObject({ timedOut: false, text: 'Kept' });
  });

  it('every history of this file replays', async () => {
    const { replayed, errors } = await replayEnded(team);
    expect(errors).toEqual([]);
    expect(replayed).toBeGreaterThanOrEqual(6);
  });
});
