// The sandbox network, as the demo uses it: what its people will do, what was sent to them, and whether they are done.
import { z } from 'zod';
import { BlocklistError } from '../../domain/errors.js';
import type { DeliveryRecord } from '../../providers/sandbox/deliveries.js';
import type { LoggedMessage } from '../../providers/sandbox/log-line.js';
import type { Reaction } from './reactions.js';

export interface Network {
  /** Set what people do from now on; what was set before is forgotten. */
  script(reactions: readonly Reaction[]): Promise<void>;
  clearScript(): Promise<void>;
  /** Opt-outs that people of all scripts so far were to make. */
  scriptedOptOuts(): Promise<number>;
  messagesAfter(seq: number): Promise<readonly LoggedMessage[]>;
  deliveries(): Promise<readonly DeliveryRecord[]>;
  activity(): Promise<NetworkActivity>;
}

export interface NetworkActivity {
  /** Messages accepted so far: also the place where the log ends. */
  readonly accepted: number;
  readonly repliesAcknowledged: number;
  /** What people are still about to do, or could not yet tell the gateway. */
  readonly reactionsDue: number;
  readonly reportsDue: number;
}

const PAGE = 50_000;

const stats = z.object({
  accepted: z.number(),
  reports: z.object({ pending: z.number() }),
  replies: z.object({ acknowledged: z.number(), waiting: z.number(), scheduled: z.number() }),
});
const rules = z.object({ rules: z.array(z.object({ hits: z.number() })) });
const position = z.number().nullable();

export function connectNetwork(sandboxUrl: string, signal: AbortSignal): Network {
  let reactions: readonly Reaction[] = [];
  let earlierOptOuts = 0;

  const call = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${sandboxUrl}${path}`, { ...init, signal });
    if (!response.ok) {
      const what = `${init.method ?? 'GET'} ${path.split('?')[0]}`;
      throw new BlocklistError('CONFLICT', `the sandbox answered ${what} with ${response.status}`);
    }
    return response.json();
  };
  const optOutsNow = async (): Promise<number> => {
    const { rules: active } = rules.parse(await call('/script'));
    return active.reduce((sum, { hits }, i) => sum + (reactions[i]?.optsOut === true ? hits : 0), 0);
  };
  /** Both listings work the same way; their rows are the sandbox's own records. */
  const list = async <T>(path: string, name: string, after: number): Promise<T[]> => {
    const rows: T[] = [];
    for (let next: number | null = after; next !== null;) {
      const page = (await call(`${path}?after=${next}&limit=${PAGE}`)) as Readonly<Record<string, unknown>>;
      rows.push(...(page[name] as T[]));
      next = position.parse(page['next']);
    }
    return rows;
  };

  return {
    async script(next) {
      earlierOptOuts += await optOutsNow();
      await call('/script', { method: 'DELETE' });
      reactions = next;
      const body = JSON.stringify({ rules: next.map(({ rule }) => rule) });
      await call('/script', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    },
    async clearScript() {
      earlierOptOuts += await optOutsNow();
      reactions = [];
      await call('/script', { method: 'DELETE' });
    },
    scriptedOptOuts: async () => earlierOptOuts + (await optOutsNow()),
    messagesAfter: (seq) => list<LoggedMessage>('/messages', 'messages', seq),
    deliveries: () => list<DeliveryRecord>('/replies', 'replies', 0),
    async activity() {
      const now = stats.parse(await call('/stats'));
      return {
        accepted: now.accepted,
        repliesAcknowledged: now.replies.acknowledged,
        reactionsDue: now.replies.waiting + now.replies.scheduled,
        reportsDue: now.reports.pending,
      };
    },
  };
}
