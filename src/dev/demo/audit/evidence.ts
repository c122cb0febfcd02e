// Everything the audit looks at, gathered once all is quiet: the reports as everybody gets them, the network's own records,
// and the rows behind the reports.
import type { CampaignReport } from '../../../domain/campaign-report.js';
import type { DeliveryRecord } from '../../../providers/sandbox/deliveries.js';
import type { LoggedMessage } from '../../../providers/sandbox/log-line.js';
import type { AuditedMessage, AuditedReply, AuditStore, ListedOptOut } from '../../../storage/audit.js';
import type { Verification } from '../../../storage/ledger-verification.js';
import type { Network } from '../network.js';

export interface Evidence {
  readonly reports: readonly CampaignReport[];
  /** What the network accepted since the run began, oldest first. */
  readonly log: readonly LoggedMessage[];
  /** What this run's people did, and when the gateway acknowledged it. */
  readonly deliveries: readonly DeliveryRecord[];
  readonly messages: readonly AuditedMessage[];
  readonly replies: readonly AuditedReply[];
  /** Messages whose opt-out link the ledger knows as pressed. */
  readonly pressedLinks: readonly string[];
  readonly listedOptOuts: readonly ListedOptOut[];
  /** By campaign. */
  readonly peopleOptedOut: ReadonlyMap<string, number>;
  readonly projection: Verification;
  /** Reactions with which people opt out, as scripted. */
  readonly scriptedOptOuts: number;
  readonly lists: readonly ContactList[];
  /** Whom the file of earlier opt-outs names. */
  readonly optedOutBefore: ReadonlySet<string>;
}

/** What the files of a campaign's broadcasts hold. */
export interface ContactList {
  readonly campaign: string;
  /** Contacts that can be read, each once on a channel. */
  readonly contacts: number;
  readonly unreadable: number;
  /** People whom something else than a broadcast writes to under this campaign. */
  readonly besides: ReadonlySet<string>;
}

export interface EvidenceSources {
  readonly reports: readonly CampaignReport[];
  readonly network: Network;
  readonly audit: AuditStore;
  readonly verifyProjection: () => Promise<Verification>;
  /** Where the network's log stood when the run began. */
  readonly since: number;
  readonly people: ReadonlySet<string>;
  readonly lists: readonly ContactList[];
  readonly optedOutBefore: ReadonlySet<string>;
}

export async function gatherEvidence(sources: EvidenceSources): Promise<Evidence> {
  const { reports, network, audit, people } = sources;
  const campaigns = reports.map((report) => report.campaign);
  // The stack may serve somebody who tries things by hand meanwhile.
  const log = (await network.messagesAfter(sources.since)).filter(
    ({ to, campaignReferenceId }) => people.has(to) || campaigns.includes(campaignReferenceId ?? ''),
  );
  const deliveries = (await network.deliveries()).filter(({ from }) => people.has(from));
  const ids = (via: DeliveryRecord['via']): string[] =>
    deliveries.filter((delivery) => delivery.via === via).map(({ messageId }) => messageId);
  const peopleOptedOut = new Map<string, number>();
  for (const campaign of campaigns) peopleOptedOut.set(campaign, await audit.peopleOptedOut(campaign));
  return {
    reports,
    log,
    deliveries,
    messages: await audit.messages(
      campaigns,
      log.map(({ messageId }) => messageId),
    ),
    replies: await audit.replies('sandbox', ids('reply')),
    pressedLinks: await audit.pressedLinks(ids('link')),
    listedOptOuts: await audit.listedOptOuts(campaigns),
    peopleOptedOut,
    projection: await sources.verifyProjection(),
    scriptedOptOuts: await network.scriptedOptOuts(),
    lists: sources.lists,
    optedOutBefore: sources.optedOutBefore,
  };
}
