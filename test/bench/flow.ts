// A hand-written flow with one send step against bare workflows of two activities and of one, on the same server: as many worker
// processes and slots, payloads encrypted too, and activities that do nothing. The send step's own do all they do in an installation.
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { inTurns, atLeast, median, perSecond, plain } from './figures.js';
import { startInstallation, TEAM_QUEUE, type Installation } from './installation.js';
import type { BenchLine } from './race.js';

const ROUNDS = 7;
const RUNS = 150;
const AT_ONCE = 50;
const FIRST_NUMBER = 385_910_000_000;
const TEXT = 'Our spring offer is here: 20 % off everything until Sunday. Reply STOP to end.';

export async function flowBench(): Promise<BenchLine[]> {
  const installation = await startInstallation();
  try {
    await installation.start('team-worker');
    await installation.start('bare-shared-worker');
    return await measure(installation);
  } finally {
    await installation.close();
  }
}

async function measure({ storage, client, bareClient }: Installation): Promise<BenchLine[]> {
  const { rootId } = await storage.accounts.get();
  const destinations = Array.from({ length: (ROUNDS + 1) * RUNS }, (_, i) => {
    return { kind: 'phone' as const, value: String(FIRST_NUMBER + i) };
  });
  const contacts = await storage.contacts.resolve(rootId, destinations);
  const rates = await inTurns(ROUNDS, {
    step: (round) => rate(client, 'sendOnce', (i) => [{ id: contacts[round * RUNS + i] }, TEXT]),
    two: (round) => rate(bareClient, 'twoActivities', (i) => [contacts[round * RUNS + i], TEXT]),
    one: () => rate(bareClient, 'oneActivity', () => [TEXT]),
  });
  const [step, two, one] = [median(rates.step), median(rates.two), median(rates.one)];
  return [
    atLeast(
      'hand-written flow with a send step, against a bare one of two activities',
      step,
      'flows/s',
      step / two,
      0.85,
    ),
    plain('bare workflow of two activities', two, 'flows/s'),
    {
      ...plain('hand-written flow with a send step, against a bare one of one activity', step, 'flows/s'),
      ratio: step / one,
    },
    plain('bare workflow of one activity', one, 'flows/s'),
  ];
}

function rate(client: Client, type: string, argsOf: (i: number) => unknown[]): Promise<number> {
  const runs = Array.from({ length: RUNS }, (_, i) => async () => {
    const answer: unknown = await client.workflow.execute(type, {
      workflowId: randomUUID(),
      taskQueue: TEAM_QUEUE,
      args: argsOf(i),
    });
    if (answer !== 'sent') throw new Error(`a flow ended as ${String(answer)}`);
  });
  return perSecond(runs, AT_ONCE);
}
