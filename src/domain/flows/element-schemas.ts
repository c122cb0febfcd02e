// The form of each element, for flows that no compiler has seen.
import { z } from 'zod';
import { normaliseEmail } from '../destinations.js';
import type { FlowElement, FlowElementType } from './elements.js';
import {
  branch,
  channel,
  condition,
  duration,
  elementId,
  isoTime,
  level,
  line,
  name,
  template,
  value,
} from './schema-parts.js';

/** As the steps for hand-written flows allow. */
const LONGEST_EMAIL = 500_000;
const MOST_BRANCHES = 50;

const replyBranch = z.union(
  [
    z.strictObject({ keyword: z.string().trim().min(1).max(50), next: elementId }),
    z.strictObject({ contains: line, next: elementId }),
  ],
  'must have `next`, and either `keyword` (50 characters at most) or `contains`',
);
const segmentBranch = z.union([z.strictObject({ tag: line, next: elementId }), branch]);
const branches = <T extends z.ZodType>(of: T) => z.array(of).min(1, 'must list at least one branch').max(MOST_BRANCHES);
const scope = { level, channel: channel.exactOptional(), sender: line.exactOptional() };

const sendMessage = z
  .strictObject({
    type: z.literal('sendMessage'),
    channel,
    sender: line,
    text: template(LONGEST_EMAIL),
    subject: template(998).exactOptional(),
    purpose: z.enum(['MARKETING', 'SERVICE']).exactOptional(),
    validity: duration.exactOptional(),
    next: elementId,
    blocked: elementId.exactOptional(),
    failed: elementId.exactOptional(),
  })
  .superRefine((element, context) => {
    const add = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    if (element.subject !== undefined && element.channel !== 'EMAIL' && element.channel !== 'MMS') {
      add('subject', 'only EMAIL and MMS have a subject');
    }
    if (element.channel !== 'EMAIL' && element.text.length > 10_000) add('text', 'must have at most 10000 characters');
  });

const pause = z.union(
  [
    z.strictObject({ type: z.literal('pause'), for: duration, next: elementId }),
    z.strictObject({ type: z.literal('pause'), until: isoTime, next: elementId }),
  ],
  "must have `next`, and either `for` ('2 days') or `until` (an ISO date or time)",
);

const splitAudience = z.strictObject({
  type: z.literal('splitAudience'),
  branches: branches(z.strictObject({ share: z.number().positive(), next: elementId })).refine(
    (all) => Math.abs(all.reduce((sum, { share }) => sum + share, 0) - 100) < 1e-6,
    'the shares must add up to 100',
  ),
});

const addToDoNotContact = z
  .strictObject({
    type: z.literal('addToDoNotContact'),
    rule: line,
    ...scope,
    because: elementId.exactOptional(),
    covers: z.enum(['ALL', 'MARKETING']).exactOptional(),
    next: elementId,
  })
  .refine(
    (e) =>
      e.level === 'FROM_ANY_SENDER' || e.because !== undefined || (e.channel !== undefined && e.sender !== undefined),
    { path: ['level'], message: 'FROM_SENDER needs `because`, or `channel` and `sender`' },
  );

const removeFromDoNotContact = z
  .strictObject({
    type: z.literal('removeFromDoNotContact'),
    rule: line,
    ...scope,
    proof: elementId.exactOptional(),
    next: elementId,
  })
  .refine(
    (e) =>
      e.level === 'FROM_ANY_SENDER' || e.proof !== undefined || (e.channel !== undefined && e.sender !== undefined),
    { path: ['level'], message: 'FROM_SENDER needs `proof`, or `channel` and `sender`' },
  );

const callApi = z.strictObject({
  type: z.literal('callApi'),
  url: template(2_000).refine(isHttpUrl, 'must be an http or https address; its host cannot be a placeholder'),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).exactOptional(),
  headers: z.record(line, z.string().max(4_000)).exactOptional(),
  body: template(100_000).exactOptional(),
  timeout: duration.exactOptional(),
  saveAs: name.exactOptional(),
  next: elementId,
  failed: elementId.exactOptional(),
});

/** One schema for each element type; a type without one does not compile. */
export const ELEMENT_SCHEMAS = {
  sendMessage,
  evaluateInboundMessage: z.strictObject({
    type: z.literal('evaluateInboundMessage'),
    replyTo: elementId,
    timeout: duration,
    when: branches(replyBranch),
    otherwise: elementId,
    timedOut: elementId,
  }),
  waitForEvent: z.strictObject({
    type: z.literal('waitForEvent'),
    event: line,
    where: condition.exactOptional(),
    timeout: duration,
    happened: elementId,
    timedOut: elementId,
  }),
  evaluateEvent: z.strictObject({
    type: z.literal('evaluateEvent'),
    of: elementId,
    when: branches(branch),
    otherwise: elementId,
  }),
  segmentAudience: z.strictObject({
    type: z.literal('segmentAudience'),
    when: branches(segmentBranch),
    otherwise: elementId,
  }),
  pause,
  splitAudience,
  failover: z.strictObject({
    type: z.literal('failover'),
    of: elementId,
    timeout: duration,
    delivered: elementId,
    undelivered: elementId,
  }),
  addToDoNotContact,
  removeFromDoNotContact,
  updatePerson: z.strictObject({
    type: z.literal('updatePerson'),
    set: z.record(name, z.union([value, z.null()])).refine((set) => Object.keys(set).length > 0, 'must set something'),
    next: elementId,
  }),
  addTag: z.strictObject({ type: z.literal('addTag'), tag: line, next: elementId }),
  removeTag: z.strictObject({ type: z.literal('removeTag'), tag: line, next: elementId }),
  updateVariable: z.strictObject({ type: z.literal('updateVariable'), variable: name, value, next: elementId }),
  callApi,
  notify: z.strictObject({
    type: z.literal('notify'),
    to: z
      .array(z.string().refine((to) => normaliseEmail(to).ok, 'must be an e-mail address'))
      .min(1)
      .max(50),
    subject: template(998),
    text: template(),
    next: elementId,
  }),
  exit: z.strictObject({ type: z.literal('exit'), reason: line.exactOptional() }),
} as const satisfies { readonly [Type in FlowElementType]: z.ZodType<Extract<FlowElement, { type: Type }>> };

function isHttpUrl(text: string): boolean {
  const origin = /^https?:\/\/[^/?#]+/.exec(text)?.[0];
  return origin !== undefined && !/[{}@\s]/.test(origin) && URL.canParse(origin);
}
