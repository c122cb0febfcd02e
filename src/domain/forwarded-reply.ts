// A reply as the product posts it to the address of a keyword: the shapes that `/inbound` takes, each channel its own.
import type { SendingChannel } from './channel.js';
import { readKeyword } from './replies/keywords.js';
import { productTime } from './product-time.js';

export interface ReplyToForward {
  readonly channel: SendingChannel;
  readonly from: string;
  readonly to: string;
  readonly messageId: string;
  readonly text: string;
  readonly receivedAt: Date;
  /** The configured keyword that matched. */
  readonly keyword?: string;
  readonly campaign?: string;
  readonly pairedMessageId?: string;
}

export function forwardedReply(reply: ReplyToForward): unknown {
  return { results: [resultOf(reply)], messageCount: 1, pendingMessageCount: 0 };
}

function resultOf({ channel, from, to, text, keyword, pairedMessageId, ...reply }: ReplyToForward): object {
  const common = { messageId: reply.messageId, receivedAt: productTime(reply.receivedAt) };
  const named = keyword === undefined ? {} : { keyword };
  const paired = pairedMessageId === undefined ? {} : { pairedMessageId };
  const campaign = reply.campaign === undefined ? {} : { campaignReferenceId: reply.campaign };
  switch (channel) {
    case 'SMS': {
      const cleanText = keyword === undefined ? text : readKeyword(text, [{ keyword }]).cleanText;
      return { ...common, from, to, text, cleanText, ...named, smsCount: 1, ...campaign };
    }
    case 'MMS':
      return { ...common, ...paired, from, to, message: [{ contentType: 'text/plain', value: text }] };
    case 'VIBER':
    case 'RCS':
      return {
        ...common,
        ...paired,
        ...named,
        sender: from,
        to,
        integrationType: channel,
        message: { type: 'TEXT', text },
        ...(channel === 'RCS' ? { rcsCount: 1, ...campaign } : {}),
      };
    case 'EMAIL':
      return { ...common, ...paired, from, to, text, ...campaign };
  }
}
