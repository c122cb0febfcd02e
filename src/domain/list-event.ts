// A change of the list as subscribers are told of it: the product's envelope, and what it is signed with.
import { createHmac } from 'node:crypto';
import type { EntryChannel } from './channel.js';
import { productTime } from './product-time.js';
import type { Source } from './scope.js';

export interface ListEvent {
  /** Of the ledger: the same however often it is told. */
  readonly eventId: string;
  readonly kind: 'BLOCK' | 'UNBLOCK';
  readonly at: Date;
  readonly destination: string;
  readonly sender?: string;
  readonly channel?: EntryChannel;
  /** Of the entry that came or went. */
  readonly source: Source;
  readonly sendId?: string;
  readonly sentAt?: Date;
  readonly inboundMessageId?: string;
  readonly campaignId?: number;
  readonly campaign?: string;
}

/** Absent is left out, never null. */
export function listEventBody(events: readonly ListEvent[]): string {
  return JSON.stringify({
    results: events.map((event) => ({
      event: event.kind,
      receivedAt: productTime(event.at),
      messageId: event.eventId,
      content: {
        sender: event.sender,
        destination: event.destination,
        channel: event.channel,
        sourceType: event.source,
        outboundMessageReference:
          event.sendId === undefined
            ? undefined
            : {
                outboundMessageId: event.sendId,
                ...(event.sentAt === undefined ? {} : { sendAt: productTime(event.sentAt) }),
              },
        inboundMessageReference:
          event.inboundMessageId === undefined ? undefined : { inboundMessageId: event.inboundMessageId },
        campaignReference:
          event.campaign === undefined ? undefined : { campaignId: event.campaignId, campaign: event.campaign },
      },
    })),
  });
}

/** HMAC-SHA-256 over `<timestamp>.<body>`, so that neither can be changed nor an old post sent again as a new one. */
export function signature(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
