// The product's whole promise, once: earlier opt-outs from a file, two campaigns to ten thousand contacts, conversations beside
// them, people who want no more of it, and then the proof.
import { join, relative } from 'node:path';
import type { CampaignReport } from '../../domain/campaign-report.js';
import { SENDING_CHANNELS } from '../../domain/channel.js';
import { BlocklistError } from '../../domain/errors.js';
import { ledgerStore } from '../../storage/ledger.js';
import { audit } from './audit/audit.js';
import { gatherEvidence, type ContactList } from './audit/evidence.js';
import { sendCampaign } from './campaign.js';
import { startConversations, type Conversations, type FlowCounts } from './conversations.js';
import { destinationsOf } from './people.js';
import { startFlowWorker } from './flow-worker-process.js';
import { HOME_COUNTRY } from './phone-numbers.js';
import { springReactions, summerReactions } from './reactions.js';
import { untilSettled } from './settling.js';
import type { Stage } from './stage.js';
import { summary } from './summary.js';

/** Slow enough that people answer while the campaign still runs. */
const SPRING_PER_SECOND = 300;
const SETTLE_WITHIN_MS = 90_000;

export async function play(stage: Stage): Promise<{ readonly ok: boolean }> {
  const { network, run } = stage;
  const since = (await network.activity()).accepted;
  stage.onClose(() => network.clearScript());
  await network.script(springReactions(run));
  const conversations = await prepare(stage);
  const open = [...(await spring(stage, conversations)), ...(await summer(stage))];
  const ok = await judge(stage, await conversations.count(), since, open);
  // From here on people answer only what somebody makes them answer by hand.
  await network.clearScript();
  return { ok };
}

async function prepare(stage: Stage): Promise<Conversations> {
  const { commands, files, people, run, stack, temporal } = stage;
  say(`importing ${people.optedOut.length} earlier opt-outs from a file, starting conversations`);
  const worker = startFlowWorker(stack.environment, join(stage.cacheDir, 'logs', 'demo-worker.log'));
  stage.onClose(() => worker.stop());
  // Nobody is written to before they are in: earlier opt-outs count from the first message on.
  await commands.run(['import', files.optOuts, '--default-country', HOME_COUNTRY]);
  await worker.ready;
  return startConversations(temporal, run, people);
}

async function spring(stage: Stage, conversations: Conversations): Promise<string[]> {
  const { files, people, run } = stage;
  say(`${run.spring}: ${contactsOf(stage).toLocaleString('en-US')} contacts on five channels`);
  await sendCampaign(stage, {
    reference: run.spring,
    files: files.contacts,
    text: 'Spring is here: 20 % off everything green.',
    messagesPerSecond: SPRING_PER_SECOND,
    contacts: contactsOf(stage) + people.winBack.length,
  });
  await conversations.reportSurveys();
  say('waiting for answers, their confirmations and the delivery reports');
  return settle(stage, [run.spring]);
}

async function summer(stage: Stage): Promise<string[]> {
  const { files, network, people, run } = stage;
  await network.script(summerReactions(run));
  say(`${run.summer}: the same people once more`);
  await sendCampaign(stage, {
    reference: run.summer,
    files: { ...files.contacts, SMS: files.smsAfterwards },
    text: 'Summer is here: sandals for everybody.',
    contacts: contactsOf(stage) + people.winBack.length + people.appointments.length,
  });
  return settle(stage, [run.spring, run.summer]);
}

/** Compares everything with everything, and shows it. */
async function judge(stage: Stage, flowCounts: FlowCounts, since: number, open: readonly string[]): Promise<boolean> {
  const { files, network, people, run, stack, storage } = stage;
  const reports = await Promise.all([run.spring, run.summer].map((campaign) => reportOf(stage, campaign)));
  const evidence = await gatherEvidence({
    reports,
    network,
    audit: stage.audit,
    verifyProjection: () => ledgerStore(storage.db, storage.contacts).verifyProjection(),
    since,
    people: destinationsOf(people),
    lists: listsOf(stage),
    optedOutBefore: new Set(people.optedOut.map(({ destination }) => destination)),
  });
  const verdict = audit(evidence);
  const failed = flowCounts.failed === 0 ? [] : [`${flowCounts.failed} hand-written flows failed.`];
  const contradictions = [...open, ...verdict.contradictions, ...failed];
  const text = summary({
    reports,
    contradictions,
    silence: verdict.silence,
    flowCounts,
    messages: evidence.log.length,
    folder: relative(process.cwd(), files.folder),
    stack,
  });
  console.log(text);
  return contradictions.length === 0;
}

async function settle({ audit, network, signal, temporal }: Stage, campaigns: readonly string[]): Promise<string[]> {
  const sources = {
    activity: () => network.activity(),
    unsettled: () => audit.unsettled(campaigns),
    confirmations: () => temporal.confirmationsUnderWay(),
  };
  const open = await untilSettled(sources, signal, SETTLE_WITHIN_MS);
  return open.map((what) => `${campaigns.at(-1)}: ${what} after ${SETTLE_WITHIN_MS / 1_000} s of waiting.`);
}

async function reportOf({ gateway }: Stage, campaign: string): Promise<CampaignReport> {
  const report = await gateway.report(campaign);
  if (report === undefined) throw new BlocklistError('NOT_FOUND', `There is no report of ${campaign}.`);
  return report;
}

function listsOf(stage: Stage): readonly ContactList[] {
  const { people, run } = stage;
  const unreadable = SENDING_CHANNELS.reduce((sum, channel) => sum + people.unreadable[channel], 0);
  const conversations = [...people.winBack, ...people.appointments];
  const contacts = contactsOf(stage);
  return [
    {
      campaign: run.spring,
      contacts,
      unreadable,
      besides: new Set(conversations.map(({ destination }) => destination)),
    },
    { campaign: run.summer, contacts: contacts + conversations.length, unreadable, besides: new Set() },
  ];
}

function contactsOf({ people }: Stage): number {
  return SENDING_CHANNELS.reduce((sum, channel) => sum + people.audience[channel].length, 0);
}

function say(line: string): void {
  console.error(`demo: ${line}`);
}
