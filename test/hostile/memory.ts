// Whether a process keeps what it was sent: its memory late in an attack against that after the first part, when everything
// has been loaded, compiled and pooled.
import type { GatewayProcess } from './gateway-process.js';

const SAMPLES = 200;
/** What a garbage collector may leave lying about between two collections. */
const SLACK_MEGABYTES = 64;
const SLACK_RATIO = 1.25;

export interface MemoryVerdict {
  readonly earlyMegabytes: number;
  readonly lateMegabytes: number;
  readonly isFlat: boolean;
}

export interface MemoryWatch {
  readonly onDone: (done: number) => void;
  verdict(): MemoryVerdict;
}

export function memoryWatch(gateway: GatewayProcess, requests: number): MemoryWatch {
  const samples: number[] = [];
  const every = Math.max(1, Math.floor(requests / SAMPLES));
  return {
    onDone: (done) => {
      if (done % every === 0) samples.push(gateway.residentMegabytes());
    },
    verdict: () => {
      const quarter = Math.floor(samples.length / 4);
      // The lowest of each quarter: peaks come and go, what is kept stays.
      const earlyMegabytes = Math.min(...samples.slice(quarter, 2 * quarter));
      const lateMegabytes = Math.min(...samples.slice(-quarter));
      const isFlat = lateMegabytes <= earlyMegabytes * SLACK_RATIO + SLACK_MEGABYTES;
      return { earlyMegabytes, lateMegabytes, isFlat };
    },
  };
}
