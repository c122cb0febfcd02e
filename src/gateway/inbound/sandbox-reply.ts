// A reply as the sandbox network delivers it.
import { z } from 'zod';
import { SENDING_CHANNELS, type SendingChannel } from '../../domain/channel.js';
import type { InboundReply } from '../../storage/inbox.js';
import { storableText } from '../storable-text.js';
import { readItem, type ItemReading } from './envelope.js';
import { providerTime } from './provider-time.js';

const reply = z.looseObject({
  messageId: storableText(200),
  from: storableText(1_024),
  to: storableText(255),
  channel: z.enum(SENDING_CHANNELS).optional(),
  text: z.string(),
  receivedAt: z.unknown().optional(),
  inReplyTo: z.string().nullish(),
  campaignReferenceId: storableText(255).nullish(),
});

export function readSandboxReply(item: unknown, channel: SendingChannel, arrivedAt: Date): ItemReading<InboundReply> {
  const read = readItem(reply, item);
  if (!read.ok) return read;
  const { messageId, from, to, text, receivedAt, inReplyTo, campaignReferenceId } = read.item;
  if (read.item.channel !== undefined && read.item.channel !== channel) {
    return { ok: false, reason: 'channel: is not the channel of this address' };
  }
  return {
    ok: true,
    item: {
      provider: 'sandbox',
      messageId,
      from,
      to,
      channel,
      text,
      receivedAt: providerTime(receivedAt, arrivedAt),
      ...(inReplyTo == null ? {} : { inReplyTo }),
      ...(campaignReferenceId == null ? {} : { campaign: campaignReferenceId }),
    },
  };
}
