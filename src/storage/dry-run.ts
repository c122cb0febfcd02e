// A broadcast that is only asked about: who would get the message, who would not and why. Reads, and writes nothing at all.
import { z } from 'zod';
import { SENDING_CHANNELS, type SendingChannel } from '../domain/channel.js';
import type { Destination } from '../domain/destinations.js';
import { InvalidInputError } from '../domain/errors.js';
import { SOURCES, type Source } from '../domain/scope.js';
import { MOST_REJECTS_LISTED, normaliseSet, setsOf, type AudienceLine, type Reject } from './audience.js';
import { preview } from './preview.js';
import type { Storage } from './storage.js';

export interface DryRunSpec {
  readonly accountKey?: string;
  readonly channel: SendingChannel;
  readonly sender: string;
}

export interface DryRun {
  /** Distinct recipients; `wouldSend` + `blocked.total` + `held`. */
  readonly audience: number;
  readonly duplicates: number;
  readonly wouldSend: number;
  readonly blocked: { readonly total: number; readonly bySource: Readonly<Record<Source, number>> };
  readonly held: number;
  readonly invalid: number;
  /** The first 1,000 of those invalid. */
  readonly rejects: readonly Reject[];
}

const checkedSpec = z.object({ channel: z.enum(SENDING_CHANNELS), sender: z.string().min(1).max(255) });

/** What would become of `source` if it were sent now. Anything may have changed by the time it is. */
export async function dryRun(
  storage: Storage,
  spec: DryRunSpec,
  source: AsyncIterable<AudienceLine> | Iterable<AudienceLine>,
): Promise<DryRun> {
  if (!checkedSpec.safeParse(spec).success) {
    throw new InvalidInputError([
      { path: '', message: 'name a channel to send on, and a sender of 1 to 255 characters' },
    ]);
  }
  const account = await storage.accounts.get(spec.accountKey);
  const scope = { account, channel: spec.channel, sender: spec.sender };
  const bySource = Object.fromEntries(SOURCES.map((name) => [name, 0])) as Record<Source, number>;
  const seen = Array.from({ length: 256 }, () => new Set<bigint>());
  const rejects: Reject[] = [];
  let audience = 0;
  let duplicates = 0;
  let wouldSend = 0;
  let held = 0;
  let invalid = 0;
  for await (const set of setsOf(source)) {
    const read = normaliseSet(set, spec.channel);
    invalid += read.rejects.length;
    rejects.push(...read.rejects.slice(0, MOST_REJECTS_LISTED - rejects.length));
    const fresh = read.destinations.filter((destination) => isNew(seen, storage.contacts.hash(destination)));
    duplicates += read.destinations.length - fresh.length;
    audience += fresh.length;
    for (const verdict of await verdicts(fresh)) {
      if (verdict.kind === 'permitted') wouldSend += 1;
      else if (verdict.kind === 'held') held += 1;
      else bySource[verdict.explanation.source] += 1;
    }
  }
  const total = SOURCES.reduce((sum, name) => sum + bySource[name], 0);
  return { audience, duplicates, wouldSend, blocked: { total, bySource }, held, invalid, rejects };

  async function verdicts(destinations: readonly Destination[]) {
    return destinations.length === 0 ? [] : preview(storage.db, storage.contacts, scope, destinations);
  }
}

/**
 * 64 bits of the keyed hash beside the byte that chooses the set: some 40 bytes a recipient, and no two of ten million meet
 * by chance. One set alone could not hold more than 16 million.
 */
function isNew(seen: readonly Set<bigint>[], hash: Buffer): boolean {
  const set = seen[hash.readUInt8(8)];
  const before = set?.size ?? 0;
  return (set?.add(hash.readBigUInt64BE(0)).size ?? 1) > before;
}
