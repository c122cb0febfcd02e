// Opt-outs and opt-ins that a flow or a service asks for. Source CAMPAIGN: the evidence says which rule, event, message.
import { BlocklistError } from '../src/domain/errors.js';
import { LIFT_TABLE } from '../src/domain/lifts.js';
import type { SendingChannel } from '../src/domain/channel.js';
import type { Level, Source } from '../src/domain/scope.js';
import type { FlowOptInput, OptResult } from '../src/domain/step-activities.js';
import { attribute } from '../src/storage/attribution.js';
import type { Written } from '../src/storage/opt-outs.js';
import type { ActivityDeps } from './deps.js';
import { acknowledged, askedAt } from './figures.js';

export function createOptOutActivities({ storage, metrics }: ActivityDeps) {
  return {
    async blocklistOptOut(input: FlowOptInput): Promise<OptResult> {
      const asked = askedAt();
      // Where the message it names is not known any more: rather silent on every channel than none.
      const change = await flowChange(input, {});
      const written = await storage.optOuts.optOut([{ ...change, exceptFlow: input.flow.workflowId }]);
      acknowledged(metrics, 'flow', asked);
      return result(written);
    },

    /** With a reply of the person as proof it lifts what the person's own keyword would, else only what flows added. */
    async blocklistOptIn(input: FlowOptInput): Promise<OptResult> {
      const change = await flowChange(input);
      const table =
        change.inboxId === undefined ? LIFT_TABLE.FLOW_OPT_IN_WITHOUT_PROOF : LIFT_TABLE.FLOW_OPT_IN_WITH_PROOF;
      const written = await storage.optOuts.optIn([{ ...change, sources: table.sources }]);
      return result(written);
    },
  };

  /** `unknown`: the reach where the message that names sender and channel is not there any more; an error without it. */
  async function flowChange(input: FlowOptInput, unknown?: Reach) {
    const account = await storage.accounts.get(input.accountKey);
    const because = await attribute(storage.db, {
      contactId: input.contact.id,
      rootId: account.rootId,
      ...(input.evidence.becausePermitId === undefined ? {} : { permitId: input.evidence.becausePermitId }),
      ...(input.evidence.becauseInboxId === undefined ? {} : { inboxId: input.evidence.becauseInboxId }),
    });
    const channel = input.channel ?? because.channel;
    const sender = input.sender ?? because.sender;
    const isUnknown = unknown !== undefined && (channel === undefined || sender === undefined);
    const campaign = input.campaign ?? because.campaign;
    const campaignId = campaign === undefined ? undefined : await storage.streams.campaignId(account.id, campaign);
    return {
      accountId: account.id,
      contactId: input.contact.id,
      source: 'CAMPAIGN' as Source,
      receivedAt: because.receivedAt ?? new Date(),
      actor: `flow:${input.flow.workflowId}`,
      evidence: { ...input.evidence, run: input.flow.firstRunId },
      ...(isUnknown ? unknown : scopeOf(input.level, channel, sender)),
      ...(campaignId === undefined ? {} : { campaignId }),
      ...(because.sendId === undefined ? {} : { sendId: because.sendId, confidence: 'exact' as const }),
      ...(because.inboxId === undefined ? {} : { inboxId: because.inboxId }),
    };
  }
}

export interface Reach {
  readonly channel?: SendingChannel;
  readonly sender?: string;
}

/**
 * The channel and sender of an entry at a level.
 *
 * @throws BlocklistError INVALID_INPUT if `FROM_SENDER` comes without them: everything would be wider than asked for.
 */
export function scopeOf(level: Level, channel: SendingChannel | undefined, sender: string | undefined): Reach {
  if (level === 'FROM_ANY_SENDER') return {};
  if (channel !== undefined && sender !== undefined) return { channel, sender };
  throw new BlocklistError('INVALID_INPUT', 'The level FROM_SENDER needs a channel and a sender.');
}

function result(written: readonly Written[]): OptResult {
  const first = written[0];
  return {
    eventIds: written.map((w) => w.eventId),
    effect: first === undefined ? 'nothing' : first.effect,
  };
}
