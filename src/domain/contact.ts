// A contact stands for a destination wherever Temporal can see it, so no number or address enters a history.

/**
 * An opaque reference to a destination within one account tree. `id` is the decimal id of the contact point;
 * it is safe in workflow ids, logs and search attributes.
 */
export interface Contact {
  readonly id: string;
}
