// The reports against everything else that knows: themselves, the network's log, the rows, the ledger, the people.
import type { CampaignReport } from '../../../domain/campaign-report.js';
import type { LoggedMessage } from '../../../providers/sandbox/log-line.js';
import type { Evidence } from './evidence.js';
import { comparison } from './contradictions.js';
import { acknowledgedOptOuts, answeredMessages } from './opt-outs-seen.js';

export function reportContradictions(evidence: Evidence): string[] {
  return evidence.reports.flatMap((report) => [
    ...againstItself(report),
    ...againstLog(report, evidence),
    ...againstRows(report, evidence),
    ...againstLists(report, evidence),
    ...againstLedger(report, evidence),
    ...againstPeople(report, evidence),
  ]);
}

function againstItself(report: CampaignReport): string[] {
  const unequal = comparison(report.campaign);
  const { audience, permitted, blocked, held, expired, sent, failed, rejected, unknown, pending } = report;
  return [
    ...unequal(
      'audience',
      audience,
      'permitted + blocked + held + expired',
      permitted + blocked.total + held + expired,
    ),
    ...unequal('permitted', permitted, 'what became of them', sent + failed + rejected + unknown + pending),
    ...unequal('blocked', blocked.total, 'their sources', sumOf(Object.values(blocked.bySource))),
    ...unequal('blocked', blocked.total, 'their causes', sumOf(blocked.byCause.map(({ messages }) => messages))),
    ...unequal('opted out', report.optOuts.total, 'their sources', sumOf(Object.values(report.optOuts.bySource))),
    ...unequal('still open', pending + held, 'what a settled campaign leaves', 0),
  ];
}

function againstLog(report: CampaignReport, { log }: Evidence): string[] {
  const unequal = comparison(report.campaign);
  const logged = new Set(log.flatMap((message) => (isOf(message, report) ? [message.messageId] : []))).size;
  // What is unknown was handed over with the answer lost: the network may hold it or not.
  if (logged >= report.sent && logged <= report.sent + report.unknown) return [];
  return unequal('sent', report.sent, "the network's log", logged);
}

function againstRows(report: CampaignReport, { messages }: Evidence): string[] {
  const unequal = comparison(report.campaign);
  const rows = messages.filter((message) => message.campaign === report.campaign && message.kind === 'message');
  const inState = (...states: string[]): number => rows.filter(({ state }) => states.includes(state)).length;
  return [
    ...unequal('audience', report.audience, 'messages in the database', rows.length),
    ...unequal('sent', report.sent, 'messages in the database', inState('sent')),
    ...unequal('blocked', report.blocked.total, 'messages in the database', inState('blocked', 'revoked')),
  ];
}

/** Everybody who can be read is accounted for, and nobody else. */
function againstLists(report: CampaignReport, { lists, messages }: Evidence): string[] {
  const unequal = comparison(report.campaign);
  const list = lists.find(({ campaign }) => campaign === report.campaign);
  if (list === undefined) return [];
  const rows = messages.filter(({ campaign, destination }) => {
    return campaign === report.campaign && !list.besides.has(destination ?? '');
  });
  return [
    ...unequal('unreadable', report.invalid, 'the lists', list.unreadable),
    ...(rows.length === list.contacts
      ? []
      : [
          `${report.campaign}: the lists hold ${list.contacts} contacts, ${rows.length} messages were decided for them.`,
        ]),
  ];
}

function againstLedger(report: CampaignReport, { peopleOptedOut }: Evidence): string[] {
  const unequal = comparison(report.campaign);
  return unequal('opted out', report.optOuts.total, 'the ledger', peopleOptedOut.get(report.campaign) ?? 0);
}

/** Whose opt-outs the network saw acknowledged in answer to messages of the campaign. */
function againstPeople(report: CampaignReport, evidence: Evidence): string[] {
  const unequal = comparison(report.campaign);
  const answered = answeredMessages(evidence.log);
  const people = new Set(
    acknowledgedOptOuts(evidence)
      .filter((delivery) => {
        const message = answered(delivery);
        return message !== undefined && isOf(message, report);
      })
      .map(({ from }) => from),
  );
  const { MO = 0, URL_OPT_OUT = 0 } = report.optOuts.bySource;
  return unequal('opted out by reply and link', MO + URL_OPT_OUT, 'people the network saw do so', people.size);
}

function isOf(message: LoggedMessage, report: CampaignReport): boolean {
  return message.kind === 'message' && message.campaignReferenceId === report.campaign;
}

const sumOf = (counts: readonly (number | undefined)[]): number => counts.reduce<number>((sum, n) => sum + (n ?? 0), 0);
