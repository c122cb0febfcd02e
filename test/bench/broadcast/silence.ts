// Silence while a broadcast runs at full rate: people near the head of it answer, and the network's log tells whether anything was
// taken for them after their acknowledgement. Beside it how long that, an opt-out and a send step of a flow take, idle and busy.
import { watchEnd } from '../../support/ended.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoggedMessage } from '../../../src/providers/sandbox/log-line.js';
import { plain } from '../figures.js';
import type { Installation } from '../installation.js';
import type { BenchLine } from '../race.js';
import { Crowd, type Answer } from './crowd.js';
import { runBroadcast, type Running } from './running.js';
import { SendSteps } from './send-steps.js';

const IDLE_MS = 20_000;
/** Two pages are on their way at once: those who answer stand within so many places of the middle of them. */
const AROUND = 4_000;
/** The rate meanwhile is taken up to here; the end of a broadcast waits for messages that are held. */
const NEARLY_ALL = 0.95;
const LOOK_EVERY_MS = 100;
const ASKED_AT_ONCE = 10;

export async function silenceLines(
  installation: Installation,
  recipients: number,
  report: (text: string) => void,
): Promise<BenchLine[]> {
  const from = await accepted(installation);
  const broadcast = await runBroadcast(installation, recipients);
  const answered = new Set<number>();
  let head = 0;
  const crowd = new Crowd(installation, broadcast, answered, () =>
    Math.min(Math.max(head + Math.floor((2 * Math.random() - 1) * AROUND), 0), recipients - 1),
  );
  const steps = new SendSteps(installation);
  const end = watchEnd(broadcast.ended);
  let nearlyAllMs = NaN;
  const begun = performance.now();
  const following = (async () => {
    for (; !end.isOver; await sleep(LOOK_EVERY_MS)) {
      head = (await accepted(installation)) - from;
      if (head < NEARLY_ALL * recipients) nearlyAllMs = performance.now() - begun;
    }
  })();
  await broadcast.ended;
  steps.stop();
  const [answers, busySteps] = [await crowd.stop(), await steps.durations()];
  await following;
  const rate = ((NEARLY_ALL * recipients) / nearlyAllMs) * 1_000;
  report(`silence: ${answers.length} answers into ${recipients} recipients at ${Math.round(rate)}/s`);

  const idle = await whenIdle(installation, (pick) => new Crowd(installation, broadcast, answered, pick), recipients);
  const late = await sentTooLate(installation, answers, from);
  const revoked = await takenBack(installation, broadcast);
  const delays = answers.map((answer) => answer.acknowledgedMs);
  return [
    {
      name: 'provider calls after an acknowledged reply or opt-out, under a broadcast',
      value: late,
      unit: `of ${answers.length} acknowledged, ${revoked} of them between permit and call`,
      ratio: null,
      bound: 0,
      holds: late === 0 && revoked > 0,
    },
    plain('the broadcast meanwhile', rate, 'recipients/s'),
    plain('acknowledgement of a reply or opt-out under a broadcast, p50', quantile(delays, 0.5), 'ms'),
    plain('acknowledgement of a reply or opt-out under a broadcast, p99', quantile(delays, 0.99), 'ms'),
    ...besideIdle('send step of a hand-written flow', busySteps, idle.steps),
    ...besideIdle('reply to committed opt-out', committed(answers), committed(idle.answers)),
  ];
}

/** The same flows and answers with nothing else to do; people who had their message. */
async function whenIdle(
  installation: Installation,
  crowdOf: (pick: () => number) => Crowd,
  recipients: number,
): Promise<{ readonly answers: readonly Answer[]; readonly steps: readonly number[] }> {
  const crowd = crowdOf(() => Math.floor(Math.random() * recipients));
  const steps = new SendSteps(installation);
  await sleep(IDLE_MS);
  steps.stop();
  return { answers: await crowd.stop(), steps: await steps.durations() };
}

function besideIdle(what: string, busy: readonly number[], idle: readonly number[]): BenchLine[] {
  const [under, alone] = [quantile(busy, 0.99), quantile(idle, 0.99)];
  return [
    { ...plain(`${what} under a broadcast, p99 of ${busy.length}`, under, 'ms'), ratio: under / alone },
    plain(`${what} when idle, p99 of ${idle.length}`, alone, 'ms'),
  ];
}

const committed = (answers: readonly Answer[]): number[] => answers.flatMap(({ committedMs }) => committedMs ?? []);

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * part) - 1] ?? NaN;
}

/** Messages to these people after their acknowledgement; who only asked something may get his once it has been read. */
async function sentTooLate(
  { stack, storage }: Installation,
  answers: readonly Answer[],
  from: number,
): Promise<number> {
  const found = await storage.db.query<{ id: string; at: Date }>(
    'select message_id as id, read_at as at from inbox where message_id = any ($1)',
    [answers.filter(({ kind }) => kind === 'talk').map(({ messageId }) => messageId)],
  );
  const read = new Map(found.rows.map(({ id, at }) => [id, at.toISOString()]));
  const waiting = [...answers];
  let late = 0;
  await Promise.all(
    Array.from({ length: ASKED_AT_ONCE }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { person, acknowledgedAt, messageId } = next;
        const response = await fetch(`${stack.sandboxUrl}/messages?to=${person}&after=${from}`);
        const { messages } = (await response.json()) as { messages: readonly LoggedMessage[] };
        const until = read.get(messageId) ?? '9';
        late += messages.filter(
          ({ kind, acceptedAt }) => kind === 'message' && acceptedAt > acknowledgedAt && acceptedAt < until,
        ).length;
      }
    }),
  );
  return late;
}

/** Messages that had a permit and were never handed over because their people answered. */
async function takenBack({ storage }: Installation, { stream }: Running): Promise<number> {
  const found = await storage.db.query<{ n: number }>(
    `select count(*)::integer as n
     from sends s
     join blocklist_events e on e.id = s.blocked_by
     where s.stream_id = $1
       and s.attempt = 0
       and s.claimed_at < e.received_at`,
    [stream.streamId],
  );
  return found.rows[0]?.n ?? 0;
}

async function accepted({ stack }: Installation): Promise<number> {
  const stats = (await (await fetch(`${stack.sandboxUrl}/stats`)).json()) as { readonly accepted: number };
  return stats.accepted;
}
