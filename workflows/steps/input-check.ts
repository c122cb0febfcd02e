// Checks what a designer passes to a step. By hand, because a schema library would be evaluated anew for every execution
// (it more than doubles the cost of a small one).
import type { Duration } from '@temporalio/common';
import { msToNumber } from '@temporalio/common/lib/time.js';
import { SENDING_CHANNELS, type SendingChannel } from '../../src/domain/channel.js';
import type { Contact } from '../../src/domain/contact.js';
import type { Violation } from '../../src/domain/errors.js';
import { invalidInput } from './failures.js';

const CONTACT_ID = /^[1-9]\d{0,18}$/;
const ACCOUNT_KEY = /^[0-9A-F]{32}$/;

/** Collects everything that is wrong, so that a designer sees it at once. */
export class InputCheck {
  readonly #violations: Violation[] = [];

  constructor(
    readonly step: string,
    input: unknown,
  ) {
    // Reading a field of nothing would be an error that Temporal retries for ever.
    if (typeof input !== 'object' || input === null)
      throw invalidInput(step, [{ path: '', message: 'expects an object' }]);
  }

  require(isRight: boolean, path: string, message: string): void {
    if (!isRight) this.#violations.push({ path, message });
  }

  contact(value: Contact | undefined, path: string): void {
    this.require(
      typeof value === 'object' && value !== null && typeof value.id === 'string' && CONTACT_ID.test(value.id),
      path,
      'must be a Contact as BlocklistClient.contact() gives it; numbers and addresses do not belong in a workflow',
    );
  }

  channel(value: SendingChannel | undefined, path: string): void {
    this.require(
      SENDING_CHANNELS.some((channel) => channel === value),
      path,
      `must be one of ${SENDING_CHANNELS.join(', ')}`,
    );
  }

  text(value: string | undefined, path: string, longest: number): void {
    const length = typeof value === 'string' ? value.length : 0;
    this.require(length > 0 && length <= longest, path, `must be a text of 1 to ${longest} characters`);
  }

  optionalText(value: string | undefined, path: string, longest: number): void {
    if (value !== undefined) this.text(value, path, longest);
  }

  account(value: string | undefined): void {
    this.require(value === undefined || ACCOUNT_KEY.test(value), 'account', 'must be 32 upper-case hexadecimal digits');
  }

  oneOf(value: string | undefined, path: string, allowed: readonly string[]): void {
    this.require(value === undefined || allowed.includes(value), path, `must be one of ${allowed.join(', ')}`);
  }

  /** The duration in milliseconds; 0 if it is none, which is recorded. */
  duration(value: Duration | undefined, path: string, longestMs: number): number {
    const ms = milliseconds(value);
    const isRight = Number.isFinite(ms) && ms > 0 && ms <= longestMs;
    this.require(
      isRight,
      path,
      `must be a time such as '24 hours' or 5000 (milliseconds), at most ${longestMs / 86_400_000} days`,
    );
    return isRight ? Math.ceil(ms) : 0;
  }

  /** Throw if anything was wrong. */
  done(): void {
    if (this.#violations.length > 0) throw invalidInput(this.step, this.#violations);
  }
}

function milliseconds(value: Duration | undefined): number {
  if (value === undefined) return NaN;
  try {
    return msToNumber(value);
  } catch {
    return NaN;
  }
}
