// One message of a hand-written flow: the visible blocklist check, then the hand-over.
import { BlocklistError } from '../src/domain/errors.js';
import { claimantFor, permitIdForKey } from '../src/domain/permit-id.js';
import { quietUntil } from '../src/domain/quiet-hours.js';
import type { CheckInput, CheckResult, DispatchInput, DispatchResult } from '../src/domain/step-activities.js';
import { readSend } from '../src/storage/sends.js';
import type { ActivityDeps } from './deps.js';
import { later } from './failures.js';
import { countDecision, countHandOver, timedClaim } from './figures.js';
import { handOver, mayRepeat } from './hand-over.js';
import { withOptOutLink } from './opt-out-links.js';
import { outcomeOf } from './outcomes.js';
import { Permitted } from './permitted.js';

export function createSendActivities({ storage, providerFor, links, metrics }: ActivityDeps) {
  const { accounts, streams, permits, flows, db } = storage;
  const permitted = new Permitted();

  return {
    /** Claim the permit of one send step; the same step asked again gets the same answer, or the next one after a hold. */
    async blocklistCheck(input: CheckInput): Promise<CheckResult> {
      const account = await accounts.get(input.accountKey);
      const purpose = input.purpose ?? 'MARKETING';
      const streamId = await streams.id({ accountId: account.id, ...streamOf(input), purpose });
      const chain = `flow ${input.flow.firstRunId} ${input.flow.continuedFromRunId ?? ''} ${input.step}`;
      const permitId = permitIdForKey(account.key, chain);
      const flowContactId = flows.known(input.flow, input.to.id);
      const until = input.quietHours === undefined ? undefined : quietUntil(new Date(), input.quietHours);
      const claim = {
        streamId,
        claimant: claimantFor(chain),
        ...(flowContactId === undefined
          ? { register: { workflowId: input.flow.workflowId, accountId: account.id } }
          : { flowContactId }),
        mayRepeat: mayRepeat(providerFor(input.channel), purpose),
        messages: [{ permitId, contactId: input.to.id }],
        ...(input.validForSeconds === undefined ? {} : { validForSeconds: input.validForSeconds }),
        ...(until === undefined ? {} : { quietUntil: until }),
        ...(input.frequencyCap === undefined ? {} : { cap: input.frequencyCap }),
      };
      const [row] = await timedClaim(metrics, () => permits.claim(claim));
      if (row === undefined)
        throw new BlocklistError('STORAGE_UNAVAILABLE', 'No decision came back.', { retryable: true });
      if (row.flowContactId !== undefined) flows.remember(input.flow, input.to.id, row.flowContactId);
      if (!row.mine) return countDecision(metrics, input.channel, { outcome: 'duplicate', permitId, first: row.state });
      if (row.state === 'dispatching')
        throw later('IN_DISPATCH', `Permit ${permitId} is in dispatch.`, wait(row.dispatchUntil));
      const decided = countDecision(metrics, input.channel, await outcomeOf(db, input.channel, row));
      if (decided !== undefined) return decided;
      const { campaign } = input;
      const campaignId = campaign === undefined ? undefined : await streams.campaignId(account.id, campaign);
      permitted.remember({
        ...row,
        ...streamOf(input),
        streamId,
        accountId: account.id,
        rootId: account.rootId,
        purpose,
        kind: 'message',
        ...(campaignId === undefined ? {} : { campaignId }),
      });
      return { outcome: 'permitted', permitId };
    },

    /** Hand the message over under its permit. Repeated after a crash or a lost answer, it passes the check again. */
    async blocklistDispatch(input: DispatchInput): Promise<DispatchResult> {
      const send = permitted.take(input.permitId) ?? (await readSend(db, input.permitId));
      const provider = providerFor(send.channel);
      if (send.state === 'dispatching') {
        const repeat = mayRepeat(provider, send.purpose);
        const [taken] = await permits.takeOver(send.rootId, [input.permitId], repeat);
        if (taken?.state === 'dispatching') {
          throw later('IN_DISPATCH', `Permit ${input.permitId} is in dispatch.`, wait(taken.dispatchUntil));
        }
      }
      // Tried for long enough, a permit outlives the hours it was given in.
      const isQuiet = input.quietHours !== undefined && quietUntil(new Date(), input.quietHours) !== undefined;
      if (isQuiet && send.purpose === 'MARKETING') return { outcome: 'undecided', permitId: input.permitId };
      const { settled, lost, retryAfterMs } = await handOver(permits, provider, {
        ...send,
        permitIds: [input.permitId],
        textOf: () => withOptOutLink(links, input.text, send, send),
        ...(input.subject === undefined ? {} : { subject: input.subject }),
      });
      if (lost.length > 0) throw later('ANSWER_LOST', `The answer for permit ${input.permitId} was lost.`, 2_000);
      const row = settled.get(input.permitId) ?? (await readSend(db, input.permitId));
      const outcome = await outcomeOf(db, send.channel, row);
      if (outcome !== undefined) return countHandOver(metrics, send.channel, send.state, outcome);
      if (row.state === 'dispatching') throw later('IN_DISPATCH', `Permit ${input.permitId} is in dispatch.`, 500);
      throw later(
        'PROVIDER_UNAVAILABLE',
        `The provider did not take permit ${input.permitId}.`,
        Math.max(retryAfterMs ?? 0, 500),
      );
    },
  };
}

const streamOf = (input: CheckInput) => ({
  channel: input.channel,
  sender: input.sender,
  ...(input.campaign === undefined ? {} : { campaign: input.campaign }),
});

const wait = (until: Date | null): number => (until === null ? 500 : until.getTime() - Date.now() + 50);
