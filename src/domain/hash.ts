// Destinations under a key: what the database looks people up by, and what stays after their address is erased.
import { createHmac } from 'node:crypto';
import type { Destination } from './destinations.js';

/** 128 bits: no two of a billion destinations meet by chance, and the index stays small. */
export const HASH_BYTES = 16;

/** HMAC-SHA-256 of the destination, its kind included, truncated to 16 bytes. */
export function destinationHash(key: Buffer, destination: Destination): Buffer {
  const digest = createHmac('sha256', key).update(`${destination.kind}\0${destination.value}`).digest();
  return digest.subarray(0, HASH_BYTES);
}

/** The hashes of many destinations behind each other, `HASH_BYTES` each: cheaper to make and to hand on than single ones. */
export function destinationHashes(key: Buffer, destinations: readonly Destination[]): Buffer {
  const hashes = Buffer.allocUnsafe(destinations.length * HASH_BYTES);
  destinations.forEach(({ kind, value }, n) => {
    const digest = createHmac('sha256', key).update(`${kind}\0${value}`).digest('binary');
    hashes.write(digest, n * HASH_BYTES, HASH_BYTES, 'latin1');
  });
  return hashes;
}

/** Tells two keys apart without telling anything about them. Stored, so that a process with another key can refuse. */
export function keyFingerprint(key: Buffer): string {
  return createHmac('sha256', key).update('temporal-blocklist hash key fingerprint').digest('hex').slice(0, 16);
}
