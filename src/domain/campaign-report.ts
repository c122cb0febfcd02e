// What became of a campaign, and what it cost in opt-outs. Pure: storage counts, this adds up.
import type { EntryChannel } from './channel.js';
import type { HoldReason, MessageState } from './outcome.js';
import type { Source } from './scope.js';

/** Counts by name; a name that is absent counts nothing. */
export type Counts<Name extends string> = { readonly [K in Name]?: number };

/** Why a message was blocked: an entry of that source, or the frequency cap. */
export type BlockSource = Source | 'FREQUENCY_CAP';
/** How sure the tie between an opt-out and this campaign is. */
export type AttributionConfidence = 'exact' | 'campaign' | 'latest' | 'none';

/**
 * Messages are counted, not people: `audience` = `permitted` + `blocked.total` + `held` + `expired`, and
 * `permitted` = `sent` + `failed` + `rejected` + `unknown` + `pending`, always and exactly.
 */
export interface CampaignReport {
  readonly campaign: string;
  /** The report covers this account and those below it. */
  readonly accountKey: string;
  readonly audience: number;
  readonly permitted: number;
  /** Permitted and on its way: not handed over yet, or being handed over. */
  readonly pending: number;
  readonly sent: number;
  /** Reported as delivered or seen. */
  readonly delivered: number;
  readonly seen: number;
  readonly undeliverable: number;
  readonly failed: number;
  readonly rejected: number;
  /** Handed over, but the answer was lost and the provider cannot tell. */
  readonly unknown: number;
  readonly expired: number;
  readonly held: number;
  readonly heldBy: Counts<HoldReason>;
  readonly blocked: {
    /** Blocked at the check, or taken back by an opt-out between check and hand-over. */
    readonly total: number;
    readonly bySource: Counts<BlockSource>;
    /** The campaign that cost the opt-out: that of the entry's first touch; absent where there was none. */
    readonly byCause: readonly { readonly campaign?: string; readonly messages: number }[];
  };
  /** Messages of this campaign that were answered. */
  readonly replies: number;
  /** People whose opt-out was attributed to this campaign; each counts once, as his first one. */
  readonly optOuts: {
    readonly total: number;
    /** Those of whom this campaign added an entry; the others were on the list already. */
    readonly firstTouch: number;
    readonly later: number;
    readonly bySource: Counts<Source>;
    /** The channel of the message answered, else that of the opt-out. */
    readonly byChannel: Counts<EntryChannel | 'NONE'>;
    readonly byConfidence: Counts<AttributionConfidence>;
  };
  /** Opt-outs by sent messages; 0 if nothing was sent. */
  readonly optOutRate: number;
  /** From the hand-over of the message to the opt-out it caused; absent if no opt-out names its message. */
  readonly secondsToOptOut?: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** Destinations in audiences of this campaign that could not be read; they are no messages. */
  readonly invalid: number;
}

/** Messages that have all of this in common. */
export interface MessageCount {
  readonly state: MessageState;
  readonly holdReason?: HoldReason;
  readonly delivery?: 'DELIVERED' | 'UNDELIVERABLE' | 'SEEN';
  /** Of blocked and revoked messages. */
  readonly blockedBy?: BlockSource;
  readonly cause?: string;
  readonly messages: number;
}

/** People whose first opt-out under the campaign has all of this in common. */
export interface OptOutCount {
  readonly source: Source;
  readonly channel: EntryChannel | 'NONE';
  readonly confidence: AttributionConfidence;
  readonly isFirstTouch: boolean;
  readonly people: number;
}

export interface CampaignCounts {
  readonly messages: readonly MessageCount[];
  readonly optOuts: readonly OptOutCount[];
  readonly replies: number;
  readonly invalid: number;
  readonly secondsToOptOut?: { readonly p50: number; readonly p90: number; readonly p99: number };
}

const PENDING: readonly MessageState[] = ['claimed', 'dispatching'];
const BLOCKED: readonly MessageState[] = ['blocked', 'revoked'];

export function summariseCampaign(campaign: string, accountKey: string, counts: CampaignCounts): CampaignReport {
  const inState = (...states: readonly MessageState[]): readonly MessageCount[] =>
    counts.messages.filter((row) => states.includes(row.state));
  const delivered = (...reports: readonly string[]): number =>
    messagesOf(counts.messages.filter((row) => row.delivery !== undefined && reports.includes(row.delivery)));

  const pending = messagesOf(inState(...PENDING));
  const sent = messagesOf(inState('sent'));
  const failed = messagesOf(inState('failed'));
  const rejected = messagesOf(inState('rejected'));
  const unknown = messagesOf(inState('unknown'));
  const blocked = inState(...BLOCKED);
  const people = counts.optOuts.reduce((sum, row) => sum + row.people, 0);
  const firstTouch = counts.optOuts.reduce((sum, row) => sum + (row.isFirstTouch ? row.people : 0), 0);
  return {
    campaign,
    accountKey,
    audience: messagesOf(counts.messages),
    permitted: sent + failed + rejected + unknown + pending,
    pending,
    sent,
    delivered: delivered('DELIVERED', 'SEEN'),
    seen: delivered('SEEN'),
    undeliverable: delivered('UNDELIVERABLE'),
    failed,
    rejected,
    unknown,
    expired: messagesOf(inState('expired')),
    held: messagesOf(inState('held')),
    heldBy: tally(
      inState('held'),
      (row) => row.holdReason,
      (row) => row.messages,
    ),
    blocked: {
      total: messagesOf(blocked),
      bySource: tally(
        blocked,
        (row) => row.blockedBy,
        (row) => row.messages,
      ),
      byCause: causes(blocked),
    },
    replies: counts.replies,
    optOuts: {
      total: people,
      firstTouch,
      later: people - firstTouch,
      bySource: tally(
        counts.optOuts,
        (row) => row.source,
        (row) => row.people,
      ),
      byChannel: tally(
        counts.optOuts,
        (row) => row.channel,
        (row) => row.people,
      ),
      byConfidence: tally(
        counts.optOuts,
        (row) => row.confidence,
        (row) => row.people,
      ),
    },
    optOutRate: sent === 0 ? 0 : people / sent,
    ...(counts.secondsToOptOut === undefined ? {} : { secondsToOptOut: counts.secondsToOptOut }),
    invalid: counts.invalid,
  };
}

const messagesOf = (rows: readonly MessageCount[]): number => rows.reduce((sum, row) => sum + row.messages, 0);

function tally<Row, Name extends string>(
  rows: readonly Row[],
  nameOf: (row: Row) => Name | undefined,
  countOf: (row: Row) => number,
): Counts<Name> {
  const counts: { [K in Name]?: number } = {};
  for (const row of rows) {
    const name = nameOf(row);
    if (name !== undefined) counts[name] = (counts[name] ?? 0) + countOf(row);
  }
  return counts;
}

/** The costliest campaign first; what no campaign caused last. */
function causes(rows: readonly MessageCount[]): CampaignReport['blocked']['byCause'] {
  const byCampaign = new Map<string | undefined, number>();
  for (const row of rows) byCampaign.set(row.cause, (byCampaign.get(row.cause) ?? 0) + row.messages);
  return [...byCampaign]
    .sort(
      ([a, m], [b, n]) =>
        Number(a === undefined) - Number(b === undefined) || n - m || (a ?? '').localeCompare(b ?? ''),
    )
    .map(([campaign, messages]) => ({ ...(campaign === undefined ? {} : { campaign }), messages }));
}
