// The opt-out link of one message, put where its text asks for it.
import { dayNumber, signOptOutLink } from '../src/domain/opt-out-link.js';
import type { StreamFacts } from '../src/storage/sends.js';
import type { ActivityDeps } from './deps.js';

/** What a text says where the recipient's own opt-out link belongs. */
export const OPT_OUT_LINK_PLACEHOLDER = '{{optOutLink}}';

/** Replace the placeholder by this message's own signed link; a text without it stays as it is. */
export function withOptOutLink(
  links: ActivityDeps['links'],
  text: string,
  stream: StreamFacts,
  send: { readonly id: string; readonly contactId: string },
): string {
  const [key] = links.keys;
  if (key === undefined || !text.includes(OPT_OUT_LINK_PLACEHOLDER)) return text;
  const token = signOptOutLink(key, {
    permitId: send.id,
    contactId: send.contactId,
    accountId: stream.accountId,
    channel: stream.channel,
    senderId: stream.streamId,
    level: 'FROM_ANY_SENDER',
    issuedDay: dayNumber(new Date()),
    ...(stream.campaignId === undefined ? {} : { campaignId: stream.campaignId }),
  });
  return text.replaceAll(OPT_OUT_LINK_PLACEHOLDER, `${links.publicUrl}/u/${token}`);
}
