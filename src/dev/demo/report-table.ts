// One campaign's report as a table for people: what went out, what the blocklist kept back and why, what it cost.
import CliTable from 'cli-table3';
import { SENDING_CHANNELS } from '../../domain/channel.js';
import type { CampaignReport } from '../../domain/campaign-report.js';

type Line = readonly [label: string, value: string];

/** Of the text; with borders and padding a table is 100 columns wide. */
const WIDTHS = { label: 20, value: 7 } as const;

export function reportTable(report: CampaignReport): string {
  const columns = [sending(report), blocking(report), optingOut(report)];
  const height = Math.max(...columns.map((lines) => lines.length));
  const table = new CliTable({
    head: ['sending', '', 'blocked', '', 'opted out', ''],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right', 'left', 'right', 'left', 'right'],
    colWidths: columns.flatMap(() => [WIDTHS.label + 2, WIDTHS.value + 2]),
  });
  for (let row = 0; row < height; row += 1) table.push(columns.flatMap((lines) => [...(lines[row] ?? ['', ''])]));
  return `${report.campaign}\n${table.toString()}`;
}

function sending(report: CampaignReport): Line[] {
  return [
    ['audience', count(report.audience)],
    ['permitted', count(report.permitted)],
    ['  sent', count(report.sent)],
    ['    delivered', count(report.delivered)],
    ['    undeliverable', count(report.undeliverable)],
    ['  failed, rejected', count(report.failed + report.rejected)],
    ['  unknown', count(report.unknown)],
    ['held, expired', count(report.held + report.expired)],
    ['blocked', count(report.blocked.total)],
    ['unreadable rows', count(report.invalid)],
    ['messages answered', count(report.replies)],
  ];
}

const SOURCES = [
  ['MO', 'by reply'],
  ['URL_OPT_OUT', 'by link'],
  ['CAMPAIGN', 'by flow'],
  ['CUSTOM', 'by file, operator'],
] as const;
const MOST_CAUSES = 5;

function blocking({ blocked }: CampaignReport): Line[] {
  const named = blocked.byCause.slice(0, MOST_CAUSES);
  const others = blocked.byCause.slice(MOST_CAUSES);
  const cap = blocked.bySource.FREQUENCY_CAP;
  return [
    ['messages', count(blocked.total)],
    ...SOURCES.map(([source, words]): Line => [`  ${words}`, count(blocked.bySource[source] ?? 0)]),
    ...(cap === undefined ? [] : [['  by frequency cap', count(cap)] as const]),
    ['because of', ''],
    ...named.map(({ campaign, messages }): Line => [`  ${fit(campaign ?? 'no campaign')}`, count(messages)]),
    ...(others.length === 0
      ? []
      : [['  others', count(others.reduce((sum, { messages }) => sum + messages, 0))] as const]),
  ];
}

function optingOut({ optOuts, optOutRate, secondsToOptOut }: CampaignReport): Line[] {
  return [
    ['people', count(optOuts.total)],
    ...SOURCES.slice(0, 3).map(([source, words]): Line => [`  ${words}`, count(optOuts.bySource[source] ?? 0)]),
    ...SENDING_CHANNELS.map((channel): Line => [`  on ${channel}`, count(optOuts.byChannel[channel] ?? 0)]),
    ['of those sent', `${(100 * optOutRate).toFixed(2)} %`],
    ['after (median)', secondsToOptOut === undefined ? '-' : `${secondsToOptOut.p50.toFixed(1)} s`],
  ];
}

/** The end of a reference tells runs apart, its beginning campaigns. */
function fit(reference: string): string {
  const room = WIDTHS.label - 2;
  if (reference.length <= room) return reference;
  const head = Math.ceil((room - 1) / 2);
  return `${reference.slice(0, head)}…${reference.slice(reference.length - (room - 1 - head))}`;
}

const count = (n: number): string => n.toLocaleString('en-US');
