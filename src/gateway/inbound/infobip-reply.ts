// A mobile-originated SMS in the product's shape. Fields it may add are of no concern here.
import { z } from 'zod';
import type { InboundReply } from '../../storage/inbox.js';
import { storableText } from '../storable-text.js';
import { readItem, type ItemReading } from './envelope.js';
import { providerTime } from './provider-time.js';

const mobileOriginatedSms = z.looseObject({
  messageId: storableText(200),
  from: storableText(1_024),
  to: storableText(255),
  /** The whole text; `cleanText` is what follows the keyword. */
  text: z.string().nullish(),
  cleanText: z.string().nullish(),
  keyword: z.string().nullish(),
  receivedAt: z.unknown().optional(),
  pairedMessageId: z.string().nullish(),
  campaignReferenceId: z.string().nullish(),
});

export function readInfobipSms(item: unknown, arrivedAt: Date): ItemReading<InboundReply> {
  const read = readItem(mobileOriginatedSms, item);
  if (!read.ok) return read;
  const { messageId, from, to, text, cleanText, keyword, receivedAt, pairedMessageId, campaignReferenceId } = read.item;
  return {
    ok: true,
    item: {
      provider: 'infobip',
      messageId,
      from,
      to,
      channel: 'SMS',
      // A keyword that the network has cut off is still what the person wrote.
      text: text ?? [keyword, cleanText].filter((part) => part != null && part !== '').join(' '),
      receivedAt: providerTime(receivedAt, arrivedAt),
      ...(pairedMessageId == null ? {} : { inReplyTo: pairedMessageId }),
      ...(isReference(campaignReferenceId) ? { campaign: campaignReferenceId } : {}),
    },
  };
}

/** A reference that cannot be one of ours ties nothing together, but the reply still counts. */
function isReference(reference: string | null | undefined): reference is string {
  return storableText(255).safeParse(reference).success;
}
