// Hand-written flows beside the campaigns: one workflow for each person, and the product events that happen to some of them.
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { Contact } from '../../domain/contact.js';
import { searchAttributes } from '../../plugin/search-attributes.js';
import type { arrangeAppointment, winBack } from '../examples/index.js';
import type { People } from './people.js';
import { HOME_COUNTRY } from './phone-numbers.js';
import { seededRandom } from './random.js';
import type { Run } from './run.js';
import type { DemoTemporal } from './temporal.js';

export const DEMO_TASK_QUEUE = 'demo';

export interface Conversations {
  /** The answers to a survey, reported as product events; the flow judges them. */
  reportSurveys(): Promise<void>;
  count(): Promise<FlowCounts>;
}

export interface FlowCounts {
  readonly total: number;
  readonly optedOut: number;
  readonly completed: number;
  /** Their people have not answered yet. */
  readonly waiting: number;
  readonly failed: number;
}

export async function startConversations(
  { blocklist, client }: DemoTemporal,
  run: Run,
  people: People,
): Promise<Conversations> {
  const contactOf = ({ written }: People['winBack'][number]): Promise<Contact> =>
    blocklist.contact(written, { defaultCountry: HOME_COUNTRY });
  const lapsed = await Promise.all(people.winBack.map(contactOf));
  const patients = await Promise.all(people.appointments.map(contactOf));
  const offers = lapsed.map((contact) =>
    client.workflow.start<typeof winBack>('winBack', {
      taskQueue: DEMO_TASK_QUEUE,
      workflowId: `win-back-${contact.id}`,
      args: [contact, run.spring],
      typedSearchAttributes: attributes('win-back', run.spring),
      staticSummary: 'an offer, and what becomes of it',
    }),
  );
  const appointments = patients.map((contact, i) =>
    client.workflow.start<typeof arrangeAppointment>('arrangeAppointment', {
      taskQueue: DEMO_TASK_QUEUE,
      workflowId: `appointment-${contact.id}`,
      args: [contact, slotOf(i)],
      typedSearchAttributes: attributes('appointment'),
      staticSummary: 'a slot, kept until the answer',
    }),
  );
  const handles = await Promise.all<WorkflowHandle>([...offers, ...appointments]);
  return {
    async reportSurveys() {
      const random = seededRandom(run.number + 1);
      for (const contact of lapsed) {
        const score = 1 + random.below(5);
        if (random.below(5) === 0) continue;
        await blocklist.event({ contact, event: 'surveyAnswered', id: randomUUID(), properties: { score } });
      }
    },
    async count() {
      const states = await Promise.all(handles.map(stateOf));
      const of = (state: FlowState): number => states.filter((other) => other === state).length;
      return {
        total: states.length,
        optedOut: of('optedOut'),
        completed: of('completed'),
        waiting: of('waiting'),
        failed: of('failed'),
      };
    },
  };
}

type FlowState = Exclude<keyof FlowCounts, 'total'>;

async function stateOf(handle: WorkflowHandle): Promise<FlowState> {
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') return 'waiting';
  if (status.name !== 'COMPLETED') return 'failed';
  return isOptOut(await handle.result()) ? 'optedOut' : 'completed';
}

/** Half an hour each, from nine. */
function slotOf(i: number): string {
  return `${9 + Math.floor(i / 2)}:${i % 2 === 0 ? '00' : '30'}`;
}

/** Ended by an opt-out from outside, or by a rule of the flow's own that wrote one. */
function isOptOut(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false;
  return ('outcome' in result && result.outcome === 'optedOut') || ('matched' in result && result.matched === true);
}

function attributes(flow: string, campaign?: string): TypedSearchAttributes {
  return new TypedSearchAttributes([
    { key: searchAttributes.flow, value: flow },
    ...(campaign === undefined ? [] : [{ key: searchAttributes.campaign, value: campaign }]),
  ]);
}
