// What a key may do. Each role includes those before it.

export const ROLES = ['viewer', 'editor', 'administrator'] as const;

/** `viewer`: reads, destinations masked. `editor`: also changes the list and sends. `administrator`: also accounts and keys. */
export type Role = (typeof ROLES)[number];

/** True if `role` is `needed` or more. */
export function hasRole(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
