// What the demo leaves on the screen: a table for each campaign, the silence after opt-outs, the verdict, and where to go on.
import type { CampaignReport } from '../../domain/campaign-report.js';
import type { Stack } from '../stack.js';
import type { Verdict } from './audit/audit.js';
import type { FlowCounts } from './conversations.js';
import { reportTable } from './report-table.js';

export interface Summary {
  readonly reports: readonly CampaignReport[];
  readonly contradictions: readonly string[];
  readonly silence: Verdict['silence'];
  readonly flowCounts: FlowCounts;
  /** How many messages the network's log holds of this run. */
  readonly messages: number;
  readonly folder: string;
  readonly stack: Pick<Stack, 'gatewayUrl' | 'apiKey' | 'temporalAddress' | 'temporalUiUrl'>;
}

/** Contradictions shown; more of them would push the tables off the screen. */
const MOST_CONTRADICTIONS = 12;

export function summary({ reports, contradictions, silence, flowCounts, messages, folder, stack }: Summary): string {
  const { optOuts, late, delays } = silence;
  const flows = `${flowCounts.optedOut} ended by an opt-out, ${flowCounts.completed} completed, ${flowCounts.waiting} still wait for an answer`;
  const shown = contradictions.slice(0, MOST_CONTRADICTIONS);
  return [
    ...reports.map(reportTable),
    '',
    line(`${flowCounts.total} hand-written flows`, flows),
    line('silence', `${count(optOuts)} opt-outs acknowledged by the gateway`),
    line('', `provider calls started after an acknowledgement: ${count(late)}`),
    ...(delays === undefined
      ? []
      : [line('', `from opt-out to acknowledgement: ${ms(delays.p50)} (p50), ${ms(delays.p99)} (p99)`)]),
    ...(contradictions.length === 0
      ? [line('audit', `tables, ledger and the network's log of ${count(messages)} messages agree`)]
      : [
          line('audit', `FAILED, ${count(contradictions.length)} contradictions:`),
          ...shown.map((what) => `  ${what}`),
        ]),
    '',
    line('Temporal Web', stack.temporalUiUrl ?? `that of the server at ${stack.temporalAddress}`),
    line('HTTP server', stack.gatewayUrl),
    line('API key', `${stack.apiKey}   (authorization: App <key>)`),
    line('lists of this run', folder),
  ].join('\n');
}

function line(name: string, text: string): string {
  return `${name.padEnd(24)}${text}`;
}

const count = (n: number): string => n.toLocaleString('en-US');
const ms = (n: number): string => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`;
