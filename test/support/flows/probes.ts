// Small flows, each of which shows one property of the steps.
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  makeContinueAsNewFunc,
  setHandler,
  sleep,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import {
  checkBlocklist,
  evaluateEvent,
  onOptOut,
  optIn,
  optOut,
  sendMessage,
  waitForEvent,
  waitForReply,
  type BlocklistCheck,
  type Contact,
  type Evaluation,
  type EventRule,
  type Message,
  type MessageOutcome,
  type OptRequest,
  type OptResult,
  type Reply,
} from '../../../workflows/steps/index.js';

export const proceed = defineSignal('proceed');

const sms = (to: Contact, text: string): Message => ({
  to,
  channel: 'SMS',
  sender: '10950',
  campaign: 'spring-2027',
  text,
});

export async function sendOne(message: Message): Promise<MessageOutcome> {
  return sendMessage(message);
}

/** Writes so many letters, with a pause after each. Returns what became of them. */
export async function letters(contact: Contact, count: number, pauseMs: number): Promise<string[]> {
  const outcomes: string[] = [];
  for (let n = 1; n <= count; n += 1) {
    outcomes.push((await sendMessage(sms(contact, `Letter ${n}`))).outcome);
    await sleep(pauseMs);
  }
  return outcomes;
}

/** Names the contact, then does nothing of ours for a long time. */
export async function sendAndSleep(contact: Contact): Promise<string> {
  await sendMessage(sms(contact, 'Hello'));
  await sleep('30 days');
  return 'slept';
}

/** Two clean-ups: one that every cancellation allows, one that must be shielded. */
export async function cleanUp(contact: Contact): Promise<string> {
  await sendMessage(sms(contact, 'Hello'));
  try {
    await sleep('30 days');
  } finally {
    await CancellationScope.nonCancellable(() => sleep(200));
    await CancellationScope.nonCancellable(async () => sendMessage({ ...sms(contact, 'Bye'), purpose: 'SERVICE' }));
  }
  return 'slept';
}

/** Hides the cancellation in an error of its own. */
export async function wrapErrors(contact: Contact): Promise<string> {
  try {
    await sendMessage(sms(contact, 'Hello'));
    await sleep('30 days');
    return 'slept';
  } catch (cause) {
    throw new Error('the campaign step failed', { cause });
  }
}

/** Fails on its own account while it cleans up. */
export async function failCleanUp(contact: Contact): Promise<void> {
  await sendMessage(sms(contact, 'Hello'));
  try {
    await sleep('30 days');
  } catch (error) {
    if (isCancellation(error)) throw ApplicationFailure.nonRetryable('no refund possible', 'Refund');
    throw error;
  }
}

/** Goes on after the contact has left. */
export async function carryOn(contact: Contact): Promise<{ readonly heard: string[]; readonly after: string }> {
  const heard: string[] = [];
  await onOptOut(contact, async (optOutSignal) => {
    heard.push(`${optOutSignal.eventId} of ${optOutSignal.campaign ?? 'no campaign'}`);
    await sleep(100);
    heard.push('done');
  });
  await sendMessage(sms(contact, 'Hello'));
  await condition(() => heard.length > 0);
  const { outcome } = await sendMessage(sms(contact, 'Still there?'));
  return { heard, after: outcome };
}

/** Ends while its opt-out handler is still busy. */
export async function endEarly(contact: Contact): Promise<string[]> {
  const heard: string[] = [];
  await onOptOut(contact, async () => {
    heard.push('begun');
    await sleep(300);
    heard.push('done');
  });
  await condition(() => heard.length > 0);
  return heard;
}

export async function waitTwice(contact: Contact, timeout: string): Promise<readonly Reply[]> {
  const wait = { contact, timeout: timeout as '1 second' };
  return Promise.all([waitForReply(wait), waitForReply(wait)]);
}

/** Sends twice, and waits for the answer to the second message only. */
export async function replyToSecond(contact: Contact): Promise<Reply> {
  await sendMessage(sms(contact, 'One'));
  const second = await sendMessage(sms(contact, 'Two'));
  return waitForReply({ replyTo: second, timeout: '1 minute' });
}

/** Listens only after a while: what came before must not be lost. */
export async function listenLate(contact: Contact): Promise<{ readonly keyword: string; readonly score: unknown }> {
  let goOn = false;
  setHandler(proceed, () => void (goOn = true));
  await sendMessage(sms(contact, 'Hello'));
  await condition(() => goOn);
  const reply = await waitForReply({ contact, timeout: '1 second' });
  const event = await waitForEvent({ contact, event: 'surveyAnswered', timeout: '1 second' });
  return {
    keyword: reply.timedOut ? 'none' : reply.keyword,
    score: event.timedOut ? undefined : event.properties['score'],
  };
}

/** Three rounds, each a run of its own. The first receives what only the last one reads. */
export async function rounds(contact: Contact, round: number): Promise<Reply> {
  let goOn = false;
  setHandler(proceed, () => void (goOn = true));
  if (round < 3) {
    await sendMessage(sms(contact, `Round ${round}`));
    if (round === 1) await condition(() => goOn);
    await continueAsNew<typeof rounds>(contact, round + 1);
  }
  return waitForReply({ contact, timeout: '2 seconds' });
}

/** Sleeps first in every round: an opt-out must end it before its first step. */
export async function monthly(contact: Contact, round: number): Promise<string> {
  if (round === 1) await sendMessage(sms(contact, 'Welcome'));
  else await sleep('30 days');
  return continueAsNew<typeof monthly>(contact, round + 1);
}

/** The second run begins later than it is signalled, and handles opt-outs itself. */
export async function monthlyHandled(contact: Contact, round: number): Promise<string> {
  let heard = 'nothing';
  await onOptOut(contact, (optOutSignal) => void (heard = optOutSignal.eventId));
  if (round > 1) return heard;
  return makeContinueAsNewFunc<typeof monthlyHandled>({ backoffStartInterval: '2 seconds' })(contact, round + 1);
}

/** Wants to continue as new whatever happens. */
export async function stubborn(contact: Contact, round: number): Promise<string> {
  if (round > 1) return 'second run';
  await sendMessage(sms(contact, 'Hello'));
  try {
    await sleep('30 days');
  } catch {
    await CancellationScope.nonCancellable(() => continueAsNew<typeof stubborn>(contact, round + 1));
  }
  return 'slept';
}

/** About one contact; hears of another one's opt-out. */
export async function oneOfTwo(contact: Contact): Promise<string> {
  await sendMessage(sms(contact, 'Hello'));
  await sleep('2 seconds');
  return 'slept';
}

/** The first step comes late; the opt-out is there before. */
export async function lateStep(contact: Contact): Promise<string> {
  let goOn = false;
  setHandler(proceed, () => void (goOn = true));
  await condition(() => goOn);
  await sendMessage(sms(contact, 'Hello'));
  return 'sent';
}

export async function ask(contacts: readonly Contact[]): Promise<readonly BlocklistCheck[]> {
  const [first] = contacts;
  if (first === undefined) return checkBlocklist({ contacts, channel: 'SMS' });
  const one = await checkBlocklist({ contact: first, channel: 'SMS', sender: '10950' });
  return [one, ...(await checkBlocklist({ contacts, channel: 'SMS' }))];
}

export async function judge(contact: Contact, rule: EventRule): Promise<Evaluation> {
  const event = await waitForEvent({ contact, event: 'surveyAnswered', timeout: '5 seconds' });
  return evaluateEvent(event, rule);
}

export async function leaveAndReturn(request: OptRequest): Promise<readonly OptResult[]> {
  return [await optOut(request), await optIn(request)];
}

/** Uses no step. */
export async function ordinary(): Promise<string> {
  let goOn = false;
  setHandler(proceed, () => void (goOn = true));
  await condition(() => goOn, '30 seconds');
  return `${CancellationScope.current().cancellable} ${workflowInfo().workflowType} ${uuid4().length}`;
}
