// A text that Postgres, JSON and every log can hold.
import { z } from 'zod';

/** At least one character, no NUL, no half of a surrogate pair: what the database would refuse is refused at the door. */
export function storableText(most: number, message?: string) {
  return z
    .string(message)
    .min(1, message)
    .max(most, message)
    .refine((text) => !text.includes('\u0000') && text.isWellFormed(), 'holds characters that cannot be stored');
}
