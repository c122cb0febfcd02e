// A broadcast from a file, from the first row to the start, and on to its end for who waits for it.
import { setTimeout as sleep } from 'node:timers/promises';
import { DESTINATION_PROBLEMS } from '../domain/destinations.js';
import { InvalidInputError } from '../domain/errors.js';
import type { BroadcastSpec } from '../domain/broadcast-spec.js';
import { DEFAULT_ACCOUNT_KEY } from '../domain/scope.js';
import {
  broadcastStatus,
  createBroadcast,
  loadAudience,
  readStatus,
  setBroadcastStatus,
  type LoadedAudience,
  type Reject,
} from '../storage/broadcasts.js';
import type { Storage } from '../storage/storage.js';
import { audienceFile, type AudienceOptions } from './audience-file.js';
import type { InputFile } from './file-lines.js';
import { counted, type Output } from './output.js';
import { temporalOf, type CommandTemporal } from './temporal.js';

export interface FileBroadcast {
  readonly spec: BroadcastSpec;
  readonly file: InputFile;
  readonly options: AudienceOptions & { readonly wait?: boolean };
}

const REJECTS_SHOWN = 20;
const LOOK_EVERY_MS = 500;

export async function sendToFile(out: Output, storage: Storage, broadcast: FileBroadcast): Promise<void> {
  const temporal = await temporalOf();
  try {
    // Asked before anything is stored: with Temporal away a file of a million would be loaded for nothing.
    await temporal.assertReachable();
    const { broadcastId } = await createBroadcast(storage, broadcast.spec);
    const loaded = await start(out, storage, { ...broadcast, temporal, broadcastId });
    if (broadcast.options.wait === true) return await watch(out, storage, broadcastId, loaded);
    const recipients = counted(loaded.audience, 'recipient');
    out.result(
      { broadcastId, ...loaded },
      `broadcast ${broadcastId} started: ${recipients}, ${loaded.rejected} rejected`,
    );
  } finally {
    await temporal.close();
  }
}

async function start(
  out: Output,
  storage: Storage,
  run: FileBroadcast & { readonly temporal: CommandTemporal; readonly broadcastId: string },
): Promise<LoadedAudience> {
  const { broadcastId, file, options, spec } = run;
  let loaded: LoadedAudience | undefined;
  try {
    const progress = out.progress('loading', file.bytes);
    loaded = await loadAudience(storage, broadcastId, audienceFile(file, options, progress.update).lines());
    progress.stop();
    showRejects(out, loaded.rejects, loaded.rejected);
    if (loaded.audience === 0) {
      throw new InvalidInputError([{ path: '--file', message: 'holds no destination of this channel' }]);
    }
    const { campaignReference, accountKey = DEFAULT_ACCOUNT_KEY } = spec;
    await run.temporal.startBroadcast({ broadcastId, campaignReference, accountKey });
    return loaded;
  } catch (error) {
    // The answer to a start may be lost: what runs is started; what does not must not go out later by surprise.
    const isLoading = (await readStatus(storage.db, broadcastId)) === 'LOADING';
    if (loaded !== undefined && !isLoading) return loaded;
    if (isLoading) await setBroadcastStatus(storage, broadcastId, 'CANCELLED');
    throw error;
  }
}

async function watch(out: Output, storage: Storage, broadcastId: string, loaded: LoadedAudience): Promise<void> {
  const progress = out.progress('sending', loaded.audience);
  for (;;) {
    const { status, counts } = await broadcastStatus(storage, broadcastId);
    progress.update(counts.sent + counts.blocked + counts.failed);
    if (status === 'FINISHED' || status === 'CANCELLED') {
      progress.stop();
      const { audience, sent, blocked, failed } = counts;
      out.result(
        { broadcastId, ...loaded, status, counts },
        `broadcast ${broadcastId} ${status.toLowerCase()}: ${sent} of ${audience} sent, ${blocked} blocked, ${failed} failed`,
      );
      return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** The first of them on stderr; JSON has its own list, or only their number. */
export function showRejects(out: Output, rejects: readonly Reject[], total: number): void {
  if (out.isJson) return;
  for (const { line, reason } of rejects.slice(0, REJECTS_SHOWN)) {
    out.note(`line ${line}: ${DESTINATION_PROBLEMS[reason]}`);
  }
  if (total > REJECTS_SHOWN) out.note(`... and ${total - REJECTS_SHOWN} more`);
}
