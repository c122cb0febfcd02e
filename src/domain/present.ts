// What is there by construction, such as the row of `insert ... returning`. Its absence is a fault of this program, and no answer.

/** @throws Error naming what is missing; never a value. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}
