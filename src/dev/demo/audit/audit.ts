// Does the table tell the truth? Compares the reports with the ledger and with the network's own log, and names every
// contradiction. Pure.
import type { Evidence } from './evidence.js';
import { delays, lateMessages, type Delays } from './silence.js';
import { messagesThat } from './contradictions.js';
import { permitContradictions, repetitions } from './log.js';
import { lostOptOuts } from './lost-opt-outs.js';
import { listedRefusals, refusalsOf, returnsOf } from './opt-outs-seen.js';
import { reportContradictions } from './reports.js';

export interface Verdict {
  /** One line each; empty when nothing contradicts anything. */
  readonly contradictions: readonly string[];
  readonly silence: {
    /** Opt-outs by reply and link that the gateway acknowledged. */
    readonly optOuts: number;
    /** Provider calls begun after an acknowledgement. */
    readonly late: number;
    readonly delays?: Delays;
  };
}

export function audit(evidence: Evidence): Verdict {
  const { log, messages, deliveries, projection } = evidence;
  const refusals = refusalsOf(evidence);
  const late = lateMessages(log, [...refusals, ...listedRefusals(evidence)], returnsOf(evidence));
  const refused = deliveries.filter(({ acknowledgedAt }) => acknowledgedAt === null);
  const measured = delays(refusals);
  return {
    contradictions: [
      ...reportContradictions(evidence),
      ...permitContradictions(log, messages),
      ...repetitions(log),
      ...lostOptOuts(evidence),
      ...messagesThat('handed over after an acknowledged opt-out', idsOf(late)),
      ...messagesThat('of people whose answer the gateway refused', idsOf(refused)),
      ...(projection.differences === 0
        ? []
        : [`The ledger, folded, differs from the live list in ${projection.differences} places.`]),
    ],
    silence: { optOuts: refusals.length, late: late.length, ...(measured === undefined ? {} : { delays: measured }) },
  };
}

const idsOf = (items: readonly { readonly messageId: string }[]): string[] => items.map(({ messageId }) => messageId);
