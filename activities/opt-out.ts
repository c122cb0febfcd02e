// Opt-outs and opt-ins that a flow or a service asks for. Source CAMPAIGN: the evidence says which rule, event, message.
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
      const change = await flowChange(input);
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

  async function flowChange(input: FlowOptInput) {
    const account = await storage.accounts.get(input.accountKey);
    const because = await attribute(storage.db, {
      contactId: input.contact.id,
      rootId: account.rootId,
      ...(input.evidence.becausePermitId === undefined ? {} : { permitId: input.evidence.becausePermitId }),
      ...(input.evidence.becauseInboxId === undefined ? {} : { inboxId: input.evidence.becauseInboxId }),
    });
    const campaign = input.campaign ?? because.campaign;
    const campaignId = campaign === undefined ? undefined : await storage.streams.campaignId(account.id, campaign);
    return {
      accountId: account.id,
      contactId: input.contact.id,
      source: 'CAMPAIGN' as Source,
      receivedAt: because.receivedAt ?? new Date(),
      actor: `flow:${input.flow.workflowId}`,
      evidence: { ...input.evidence, run: input.flow.firstRunId },
      ...scopeOf(input.level, input.channel ?? because.channel, input.sender ?? because.sender),
      ...(campaignId === undefined ? {} : { campaignId }),
      ...(because.sendId === undefined ? {} : { sendId: because.sendId, confidence: 'exact' as const }),
      ...(because.inboxId === undefined ? {} : { inboxId: because.inboxId }),
    };
  }
}

/** The channel and sender of an entry at a level. `FROM_SENDER` without a sender would be wider than asked for. */
export function scopeOf(
  level: Level,
  channel: SendingChannel | undefined,
  sender: string | undefined,
): { channel?: SendingChannel; sender?: string } {
  if (level === 'FROM_ANY_SENDER' || channel === undefined || sender === undefined) return {};
  return { channel, sender };
}

function result(written: readonly Written[]): OptResult {
  const first = written[0];
  return {
    eventIds: written.map((w) => w.eventId),
    effect: first === undefined ? 'nothing' : first.effect,
  };
}
