// What people do with their phones, through the gateway's real webhooks: replies and presses on opt-out links.
import { randomUUID } from 'node:crypto';
import { formatMicroseconds, type SandboxClock } from './clock.js';
import type { Deliveries, Delivered } from './deliveries.js';
import { isSuccess, type GatewayWebhook } from './gateway-webhook.js';
import type { Reply } from './requests.js';

export interface ReplyAnswer extends Delivered {
  readonly messageId: string;
}

/** Somebody who opens the opt-out link of a message he got. */
export interface LinkPress {
  readonly path: string;
  readonly oneClick: boolean;
  readonly from: string;
  readonly to: string;
  readonly channel: string;
  readonly messageId: string;
}

type PendingReply = Reply & { readonly messageId: string };
interface Run {
  readonly channel: Reply['channel'];
  readonly replies: PendingReply[];
}

const REPLIES_PER_CALL = 100;

export class People {
  readonly #webhook: GatewayWebhook;
  readonly #clock: SandboxClock;
  readonly #deliveries: Deliveries;

  constructor(webhook: GatewayWebhook, clock: SandboxClock, deliveries: Deliveries) {
    this.#webhook = webhook;
    this.#clock = clock;
    this.#deliveries = deliveries;
  }

  /** Delivers replies and answers in their order; with `retry` a failure is tried again in the background. */
  async reply(replies: readonly Reply[], retry: boolean): Promise<readonly ReplyAnswer[]> {
    const pending = replies.map((reply) => ({ ...reply, messageId: reply.messageId ?? randomUUID() }));
    const answers = await Promise.all(runsOf(pending).map((run) => this.#replyTogether(run, retry)));
    return answers.flat();
  }

  /** Opens the page as a browser would, then presses its button; a one-click post has no page. */
  async pressLink({ path, oneClick, ...message }: LinkPress): Promise<void> {
    const press = (body: string) =>
      this.#webhook.call({ method: 'POST', path, body, contentType: 'application/x-www-form-urlencoded' });
    const action = { via: 'link', ...message, inReplyTo: message.messageId, begunAt: this.#time() } as const;
    await this.#deliveries.carry([action], true, async () => {
      if (oneClick) return press('List-Unsubscribe=One-Click');
      const page = await this.#webhook.call({ method: 'GET', path });
      return isSuccess(page) ? press('') : page;
    });
  }

  async #replyTogether({ channel, replies }: Run, retry: boolean): Promise<readonly ReplyAnswer[]> {
    const path = `/inbound/sandbox/${channel.toLowerCase()}`;
    const results = replies.map(({ retry: _retry, ...reply }) => ({ ...reply, receivedAt: this.#time() }));
    const actions = results.map(({ messageId, from, to, inReplyTo = null, receivedAt }) => {
      return { via: 'reply', messageId, from, to, channel, inReplyTo, begunAt: receivedAt } as const;
    });
    const delivered = await this.#deliveries.carry(actions, retry, () => this.#webhook.postJson(path, { results }));
    return replies.map(({ messageId }) => ({ messageId, ...delivered }));
  }

  #time(): string {
    return formatMicroseconds(this.#clock.now());
  }
}

/** Cuts into runs that can share a webhook call: neighbours of one channel, at most 100. */
function runsOf(replies: readonly PendingReply[]): readonly Run[] {
  const runs: Run[] = [];
  for (const reply of replies) {
    const last = runs.at(-1);
    if (last?.channel === reply.channel && last.replies.length < REPLIES_PER_CALL) last.replies.push(reply);
    else runs.push({ channel: reply.channel, replies: [reply] });
  }
  return runs;
}
