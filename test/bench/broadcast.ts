// Broadcasts at full rate: their rate and memory over a million recipients, then what replies, opt-outs and hand-written flows
// see of one. Everything runs as in an installation; only delivery reports are off, since the rate is that of sending.
import { rateLines } from './broadcast/rate.js';
import { silenceLines } from './broadcast/silence.js';
import { startInstallation } from './installation.js';
import type { BenchLine } from './race.js';

export interface BroadcastBenchOptions {
  /** Of the broadcast that is timed; default one million. */
  readonly recipients?: number;
  /** Of the one that people answer while it runs; default 400,000. */
  readonly answered?: number;
  /** Told now and then how far it has come. */
  readonly report?: (text: string) => void;
}

export async function broadcastBench(options: BroadcastBenchOptions = {}): Promise<BenchLine[]> {
  const { recipients = 1_000_000, answered = 400_000, report = () => undefined } = options;
  const installation = await startInstallation({ BLOCKLIST_SANDBOX_REPORTS: '0' });
  try {
    await installation.start('team-worker');
    return [
      ...(await rateLines(installation, recipients, report)),
      ...(await silenceLines(installation, answered, report)),
    ];
  } finally {
    await installation.close();
  }
}
