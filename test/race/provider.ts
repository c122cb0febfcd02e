// The provider of the race test: takes messages when told to, and refuses repeated ids where it can. It never looks at
// the clock itself, so that whoever calls it too late is seen.
import type { OutboundMessage, Provider, ProviderAnswer } from '../../src/providers/provider.js';
import type { Answer } from './schedule.js';
import { pause, type Wait } from './wait.js';

/** How one call goes. */
export interface Call {
  readonly refusesDuplicates: boolean;
  readonly answer: Answer;
  readonly takes: Wait;
  readonly onStart: (permitIds: readonly string[]) => void;
  readonly onAnswer: (permitId: string, taken: boolean) => void;
}

export class RaceProvider {
  /** Messages taken, by permit: more than one is a message sent twice. */
  readonly taken = new Map<string, number>();

  for(call: Call): Provider {
    return {
      name: 'race',
      refusesDuplicates: call.refusesDuplicates,
      maxBatch: 1_000,
      send: async (messages) => {
        call.onStart(messages.map(({ permitId }) => permitId));
        await pause(call.takes);
        return messages.map((message) => this.#take(message, call));
      },
    };
  }

  #take({ permitId }: OutboundMessage, { answer, refusesDuplicates, onAnswer }: Call): ProviderAnswer {
    const isTaken = answer === 'accepted' || answer === 'lost';
    onAnswer(permitId, isTaken);
    const before = this.taken.get(permitId) ?? 0;
    const isRepeated = before > 0 && refusesDuplicates;
    if (isTaken && !isRepeated) this.taken.set(permitId, before + 1);
    switch (answer) {
      case 'refused':
      case 'rejected':
        return { kind: answer, detail: 'as the schedule says' };
      case 'lost':
        return { kind: 'unknown', detail: 'as the schedule says' };
      case 'accepted':
        return { kind: isRepeated ? 'duplicate' : 'accepted' };
    }
  }
}
