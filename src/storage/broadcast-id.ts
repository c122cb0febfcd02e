// Ids of broadcasts as callers bring them. One that cannot be an id is unknown, and never reaches the database.
import { BlocklistError } from '../domain/errors.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** @throws BlocklistError NOT_FOUND */
export function checkedId(broadcastId: string): string {
  return UUID.test(broadcastId) ? broadcastId : unknownBroadcast();
}

export function unknownBroadcast(): never {
  // Not quoted: what came in may be anything.
  throw new BlocklistError('NOT_FOUND', 'There is no broadcast with this id.');
}
