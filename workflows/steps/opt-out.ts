// A flow's own decision that a person leaves, or returns. It goes into the ledger with what the flow knows about why.
import { SENDING_CHANNELS, type SendingChannel } from '../../src/domain/channel.js';
import type { Contact } from '../../src/domain/contact.js';
import type { Level } from '../../src/domain/scope.js';
import type { FlowEvidence, FlowOptInput, OptResult } from '../../src/domain/step-activities.js';
import { InputCheck } from './input-check.js';
import { flowIdentity, step } from './step.js';
import { callActivity } from './step-activities.js';

/** How far an opt-out or opt-in reaches, and what it is about. */
export interface OptScope {
  readonly level: Level;
  /** With `FROM_SENDER`, unless `because` names the message whose sender and channel are meant. */
  readonly channel?: SendingChannel;
  readonly sender?: string;
  /** The message (an outcome of `sendMessage`) or the reply (of `waitForReply`) it follows from. */
  readonly because?: { readonly permitId?: string; readonly inboxId?: string };
  readonly campaign?: string;
  readonly account?: string;
}

export interface OptRequest extends OptScope {
  readonly contact: Contact;
  /** The name of the rule that decided; kept as evidence. */
  readonly rule?: string;
}

/** Put the contact on the blocklist, source CAMPAIGN. This flow goes on; other flows of the contact hear of it and end. */
export async function optOut(request: OptRequest): Promise<OptResult> {
  const input = optInput('optOut', request, {});
  return step(() => callActivity((to) => to.blocklistOptOut(input), { summary: summaryOf(request) }));
}

/** Take the contact off the blocklist, as far as its own wish goes: entries of operators and complaints stay. */
export async function optIn(request: OptRequest): Promise<OptResult> {
  const input = optInput('optIn', request, {});
  return step(() => callActivity((to) => to.blocklistOptIn(input), { summary: summaryOf(request) }));
}

/** The checked input of both activities. `event` adds what the rule looked at. */
export function optInput(
  stepName: string,
  request: OptRequest,
  event: Pick<FlowEvidence, 'event' | 'eventId'>,
): FlowOptInput {
  const input = new InputCheck(stepName, request);
  const { contact, level, channel, sender, because, campaign, account, rule } = request;
  input.contact(contact, 'contact');
  input.require(level !== undefined, 'level', 'is missing');
  input.oneOf(level, 'level', ['FROM_ANY_SENDER', 'FROM_SENDER']);
  input.oneOf(channel, 'channel', SENDING_CHANNELS);
  input.optionalText(sender, 'sender', 255);
  input.optionalText(campaign, 'campaign', 255);
  input.optionalText(rule, 'rule', 255);
  input.account(account);
  const knowsSender = because?.permitId !== undefined || (channel !== undefined && sender !== undefined);
  input.require(
    level !== 'FROM_SENDER' || knowsSender,
    'level',
    'FROM_SENDER needs `because`, or `channel` and `sender`',
  );
  input.done();
  return {
    flow: flowIdentity(),
    contact: { id: contact.id },
    level,
    ...(channel === undefined ? {} : { channel }),
    ...(sender === undefined ? {} : { sender }),
    ...(account === undefined ? {} : { accountKey: account }),
    ...(campaign === undefined ? {} : { campaign }),
    evidence: {
      ...event,
      ...(rule === undefined ? {} : { rule }),
      ...(because?.permitId === undefined ? {} : { becausePermitId: because.permitId }),
      ...(because?.inboxId === undefined ? {} : { becauseInboxId: because.inboxId }),
    },
  };
}

export function summaryOf({ level, rule }: OptRequest): string {
  return rule === undefined ? level : `${level}: ${rule}`;
}
