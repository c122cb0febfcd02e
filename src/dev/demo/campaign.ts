// One campaign: a broadcast for each channel's list, started through the command line, all of them at the same time.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { SENDING_CHANNELS, type SendingChannel } from '../../domain/channel.js';
import { HOME_COUNTRY } from './phone-numbers.js';
import { withProgress } from './progress.js';
import type { Stage } from './stage.js';

export interface Campaign {
  readonly reference: string;
  /** A list of contacts by channel. */
  readonly files: Readonly<Record<SendingChannel, string>>;
  /** What the messages say, before the way out of them. */
  readonly text: string;
  /** On each channel; as fast as it goes without it. */
  readonly messagesPerSecond?: number;
  /** How many contacts to expect, for the progress bar. */
  readonly contacts: number;
}

const SENDERS: Readonly<Record<SendingChannel, string>> = {
  SMS: '10960',
  MMS: '10960',
  VIBER: 'Shop',
  RCS: 'shop-agent',
  EMAIL: 'news@shop.example',
};
const LOOK_EVERY_MS = 300;

const started = z.looseObject({ broadcastId: z.string() });

/** Returns when the broadcasts are finished. */
export async function sendCampaign(stage: CampaignStage, campaign: Campaign): Promise<void> {
  const decided = async (): Promise<number> => {
    const report = await stage.gateway.report(campaign.reference);
    return report === undefined ? 0 : report.audience - report.pending - report.held;
  };
  await withProgress(campaign.reference, campaign.contacts, decided, sendOnAllChannels(stage, campaign));
}

type CampaignStage = Pick<Stage, 'commands' | 'gateway' | 'signal'>;

async function sendOnAllChannels({ commands, gateway, signal }: CampaignStage, campaign: Campaign): Promise<void> {
  const running: string[] = [];
  for (const channel of SENDING_CHANNELS) {
    const { broadcastId } = started.parse(await commands.run(broadcastArguments(campaign, channel)));
    running.push(broadcastId);
  }
  for (const broadcastId of running) {
    while ((await gateway.broadcastStatus(broadcastId)) !== 'FINISHED') {
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
  }
}

function broadcastArguments(
  { reference, files, text, messagesPerSecond }: Campaign,
  channel: SendingChannel,
): string[] {
  return [
    'broadcast',
    '--file',
    files[channel],
    '--channel',
    channel,
    '--sender',
    SENDERS[channel],
    '--campaign',
    reference,
    '--text',
    `${text} No more? Reply STOP, or ${OPT_OUT_LINK}`,
    '--default-country',
    HOME_COUNTRY,
    ...(channel === 'EMAIL' ? ['--subject', text] : []),
    ...(messagesPerSecond === undefined ? [] : ['--rate', String(messagesPerSecond)]),
  ];
}

/** Becomes each recipient's own signed link. */
const OPT_OUT_LINK = '{{optOutLink}}';
