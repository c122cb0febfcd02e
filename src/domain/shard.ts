// Which of the inbound workflows takes an event. A spreading of load, not a rule: people are serialised in the database,
// so any shard is correct for anybody.

/** One inbound workflow takes roughly 100 signals a second; eight leave room for a busy sender. */
export const INBOUND_SHARDS = 8;

/**
 * The shard for an event about `text` (a destination or a token), the same however a number is written.
 * Unkeyed on purpose: services that hold no secret can compute it too.
 */
export function shardOf(text: string): number {
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (const character of text
    .toLowerCase()
    .replace(/[\s()+./-]/g, '')
    .replace(/^00/, '')) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return hash % INBOUND_SHARDS;
}

/** The id of the workflow that reads a shard. */
export function inboundWorkflowId(shard: number): string {
  return `blocklist-inbound-${shard}`;
}

/** What an inbound workflow is started with. */
export interface InboundStart {
  readonly shard: number;
}
