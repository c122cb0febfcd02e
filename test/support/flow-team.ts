// What tests of flows wait for again and again.
import type { Contact } from '../../src/domain/contact.js';
import type { CheckInput, CheckResult } from '../../src/domain/step-activities.js';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { callsOf, signalsReceived, type Call } from './flow-histories.js';
import { until, type Team } from './team.js';

export const checksOf = (
  team: Team,
  handle: WorkflowHandleWithFirstExecutionRunId,
): Promise<readonly Call<CheckInput, CheckResult>[]> => callsOf(team, handle, 'blocklistCheck');

/** Until the flow has been told so often that its message is held. */
export async function untilHeld(team: Team, handle: WorkflowHandleWithFirstExecutionRunId, times = 1): Promise<void> {
  const isHeld = async (): Promise<boolean> =>
    (await checksOf(team, handle)).filter(({ result }) => result?.outcome === 'held').length >= times;
  await until(isHeld, `held ${times} times`);
}

export async function untilSent(team: Team, contact: Contact, count = 1): Promise<void> {
  await until(async () => (await team.persons.textsTo(contact)).length >= count, `${count} messages`);
}

export async function untilRegistered(team: Team, contact: Contact): Promise<void> {
  await until(async () => (await team.persons.flowsOf(contact)).length > 0, 'a flow is registered');
}

export async function untilSignalled(
  handle: WorkflowHandleWithFirstExecutionRunId,
  name: string,
  count = 1,
): Promise<void> {
  await until(async () => (await signalsReceived(handle, name)) >= count, `${count} signals ${name}`);
}
