// Delivery and seen reports of the sandbox and of the product, as the one thing we keep.
import { z } from 'zod';
import { DELIVERIES, type Delivery, type DeliveryReport } from '../../storage/deliveries.js';
import { readItem, type ItemReading } from './envelope.js';
import { providerTime } from './provider-time.js';

/** Ids of other senders' messages may come along; only a permit id can be ours. */
const messageId = z.string().max(200);
const PERMIT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const sandboxReport = z.looseObject({ messageId, status: z.enum(DELIVERIES), doneAt: z.unknown().optional() });

const infobipReport = z.looseObject({
  messageId,
  /** Absent in seen reports. */
  status: z.looseObject({ groupId: z.number().int().nullish(), groupName: z.string().nullish() }).nullish(),
  doneAt: z.unknown().optional(),
  seenAt: z.unknown().optional(),
});

/** The product's status groups; 0 ACCEPTED and 1 PENDING say nothing yet. */
const GROUPS: Readonly<Record<string, Delivery | 'PENDING'>> = {
  ACCEPTED: 'PENDING',
  PENDING: 'PENDING',
  UNDELIVERABLE: 'UNDELIVERABLE',
  DELIVERED: 'DELIVERED',
  EXPIRED: 'UNDELIVERABLE',
  REJECTED: 'UNDELIVERABLE',
};
const GROUP_NAMES = Object.keys(GROUPS);

/** A report that says nothing to keep: of an intermediate state, or of a message that is not ours. */
export type ReportReading = ItemReading<DeliveryReport | undefined>;

export function readSandboxReport(item: unknown, arrivedAt: Date): ReportReading {
  const read = readItem(sandboxReport, item);
  if (!read.ok) return read;
  return report(read.item.messageId, read.item.status, read.item.doneAt, arrivedAt);
}

export function readInfobipReport(item: unknown, arrivedAt: Date): ReportReading {
  const read = readItem(infobipReport, item);
  if (!read.ok) return read;
  const { messageId, status, doneAt, seenAt } = read.item;
  if (typeof seenAt === 'string') return report(messageId, 'SEEN', seenAt, arrivedAt);
  const group = GROUPS[GROUP_NAMES[status?.groupId ?? -1] ?? status?.groupName?.toUpperCase() ?? ''];
  if (group === undefined) return { ok: false, reason: 'status: names no group that is known' };
  return group === 'PENDING' ? { ok: true, item: undefined } : report(messageId, group, doneAt, arrivedAt);
}

function report(permitId: string, delivery: Delivery, at: unknown, arrivedAt: Date): ReportReading {
  if (!PERMIT_ID.test(permitId)) return { ok: true, item: undefined };
  return { ok: true, item: { permitId, delivery, at: providerTime(at, arrivedAt) } };
}
