// The provider of the race test: takes messages when told to, and refuses repeated ids where it can.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './schedule.js';
import type { Message } from './trace.js';

export type Received = 'accepted' | 'duplicate' | 'refused' | 'rejected' | 'lost';

export class RaceProvider {
  /** Messages taken, by permit: more than one is a message sent twice. */
  readonly taken = new Map<string, number>();

  async hand(message: Message, answer: Answer, callMs: number): Promise<Received> {
    if (callMs > 0) await sleep(callMs);
    if (answer === 'refused' || answer === 'rejected') return answer;
    const before = this.taken.get(message.permitId) ?? 0;
    if (before > 0 && message.refusesDuplicates) return answer === 'lost' ? 'lost' : 'duplicate';
    this.taken.set(message.permitId, before + 1);
    return answer;
  }
}
