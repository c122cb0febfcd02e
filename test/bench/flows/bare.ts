// What the product is compared with: workflows with as many activities that do nothing, and some that only count signals.
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import { TASK_QUEUES } from '../../../src/domain/names.js';

export interface BareActivities {
  check(contact: string): Promise<string>;
  dispatch(text: string): Promise<string>;
}

const { check, dispatch } = proxyActivities<BareActivities>({
  taskQueue: TASK_QUEUES.single,
  startToCloseTimeout: '30 s',
});

export async function twoActivities(contact: string, text: string): Promise<string> {
  await check(contact);
  return dispatch(text);
}

export async function oneActivity(text: string): Promise<string> {
  return dispatch(text);
}

const count = defineSignal<[string]>('count');

/** Ends when it has been signalled so often. */
export async function countSignals(expected: number): Promise<void> {
  let counted = 0;
  setHandler(count, () => void (counted += 1));
  await condition(() => counted >= expected);
}
