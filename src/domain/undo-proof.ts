// What the page after a press carries, so that the press can be taken back by whoever made it: a program that only opens the
// link, and submits every form it finds, does not have it.
import { createHmac, timingSafeEqual } from 'node:crypto';

/** For the link of `token`; `keys` as for the link itself. */
export function undoProof(keys: readonly Buffer[], token: string): string {
  const [key] = keys;
  return key === undefined ? '' : mac(key, token).toString('base64url');
}

export function isUndoProof(keys: readonly Buffer[], token: string, proof: string): boolean {
  const given = Buffer.from(proof, 'base64url');
  return keys.some((key) => {
    const expected = mac(key, token);
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function mac(key: Buffer, token: string): Buffer {
  return createHmac('sha256', key).update(`temporal-blocklist undo\0${token}`).digest().subarray(0, 16);
}
