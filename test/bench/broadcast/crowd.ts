// People who answer: every few milliseconds one more of them replies STOP, replies something else or presses his opt-out link,
// all over HTTP to the gateway's process. Kept of each: when he was acknowledged, and how long that took.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { withOptOutLink } from '../../../activities/opt-out-links.js';
import { readConfig } from '../../../src/config.js';
import { permitIdForScoped, scopeHash } from '../../../src/domain/permit-id.js';
import { DEFAULT_ACCOUNT_KEY } from '../../../src/domain/scope.js';
import type { Installation } from '../installation.js';
import { numberOf, SENDER, type Running } from './running.js';

const KINDS = ['stop', 'talk', 'link'] as const;
export type AnswerKind = (typeof KINDS)[number];

export interface Answer {
  readonly person: string;
  readonly kind: AnswerKind;
  /** Of a reply. */
  readonly messageId: string;
  /** ISO, microseconds. */
  readonly acknowledgedAt: string;
  readonly acknowledgedMs: number;
  /** Of a STOP: until the entry could be seen in the database. */
  committedMs?: number;
}

const ANSWER_EVERY_MS = 50;
/** Who finds so many waiting for their acknowledgement does not answer. */
const MOST_UNDER_WAY = 50;
const LOOK_EVERY_MS = 5;
const COMMITTED_WITHIN_MS = 30_000;

export class Crowd {
  readonly answers: Answer[] = [];
  readonly #config;
  readonly #underWay = new Set<Promise<void>>();
  readonly #uncommitted = new Map<string, { readonly answer: Answer; readonly asked: number }>();
  readonly #watching: Promise<void>;
  readonly #timer: NodeJS.Timeout;
  #stoppedAt: number | undefined;
  #failure: unknown;

  /** `pick` names the next one who answers, by his place in the audience; `answered` are places that have had their turn. */
  constructor(
    private readonly installation: Installation,
    private readonly broadcast: Running,
    private readonly answered: Set<number>,
    private readonly pick: () => number,
  ) {
    this.#config = readConfig(installation.stack.environment);
    let n = 0;
    this.#timer = setInterval(() => this.#next(KINDS[(n += 1) % KINDS.length] ?? 'stop'), ANSWER_EVERY_MS);
    this.#watching = this.#watch();
  }

  /** Nobody answers any more; resolves when all have been acknowledged, and every STOP is an entry. */
  async stop(): Promise<readonly Answer[]> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#stoppedAt = performance.now();
    await this.#watching;
    if (this.#failure !== undefined) throw this.#failure;
    return this.answers;
  }

  #next(kind: AnswerKind): void {
    const place = this.pick();
    if (this.answered.has(place) || this.#underWay.size >= MOST_UNDER_WAY) return;
    this.answered.add(place);
    const answering = this.#answer(numberOf(place), kind)
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => this.#underWay.delete(answering));
    this.#underWay.add(answering);
  }

  async #answer(person: string, kind: AnswerKind): Promise<void> {
    const { storage } = this.installation;
    const { stream, broadcastId } = this.broadcast;
    const [contactId = ''] = await storage.contacts.resolve(stream.rootId, [{ kind: 'phone', value: person }]);
    const scope = scopeHash(DEFAULT_ACCOUNT_KEY, `broadcast ${broadcastId}`);
    const messageId = randomUUID();
    const asked = performance.now();
    if (kind === 'link') await this.#press({ id: permitIdForScoped(scope, BigInt(contactId)), contactId });
    else await this.#reply(person, messageId, kind === 'stop' ? 'Stop' : 'When do you open?');
    const acknowledged = performance.now();
    const answer: Answer = {
      person,
      kind,
      messageId,
      acknowledgedAt: isoMicroseconds(performance.timeOrigin + acknowledged),
      acknowledgedMs: acknowledged - asked,
    };
    this.answers.push(answer);
    if (kind === 'stop') this.#uncommitted.set(contactId, { answer, asked });
  }

  async #press(send: { readonly id: string; readonly contactId: string }): Promise<void> {
    const links = { keys: this.#config.linkKeys, publicUrl: this.installation.stack.gatewayUrl };
    const link = withOptOutLink(links, '{{optOutLink}}', this.broadcast.stream, send);
    await post(link, 'application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click');
  }

  async #reply(from: string, messageId: string, text: string): Promise<void> {
    const body = JSON.stringify({ results: [{ messageId, from, to: SENDER, text }] });
    await post(`${this.installation.stack.gatewayUrl}/inbound/sandbox/sms`, 'application/json', body);
  }

  async #watch(): Promise<void> {
    const { db } = this.installation.storage;
    while (this.#stoppedAt === undefined || this.#uncommitted.size > 0) {
      if (this.#stoppedAt !== undefined && performance.now() - this.#stoppedAt > COMMITTED_WITHIN_MS) {
        throw new Error(`${this.#uncommitted.size} replies did not become opt-outs`);
      }
      if (this.#uncommitted.size > 0) {
        const found = await db.query<{ id: string }>(
          'select contact_id as id from blocklist_entries where contact_id = any ($1::bigint[])',
          [[...this.#uncommitted.keys()]],
        );
        const seen = performance.now();
        for (const { id } of found.rows) {
          const waiting = this.#uncommitted.get(id);
          if (waiting !== undefined) waiting.answer.committedMs = seen - waiting.asked;
          this.#uncommitted.delete(id);
        }
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}

async function post(url: string, type: string, body: string): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`the gateway answered ${response.status}`);
}

/** As the sandbox writes its times, so that they compare as text. */
function isoMicroseconds(ms: number): string {
  const micros = String(Math.floor((ms % 1) * 1_000)).padStart(3, '0');
  return new Date(Math.floor(ms)).toISOString().replace('Z', `${micros}Z`);
}
