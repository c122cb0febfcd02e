// Conditions over the properties of an event or a person: the operators of a flow's "segment audience", as typed data.
import type { DurationText } from './duration.js';

interface Of {
  /** Name of the property; dots reach into objects: `order.total`. */
  readonly property: string;
}

/** A comparison by text, number or truth; dates say `type: 'date'`, since they arrive as text. */
type Equality = Of &
  (
    | { readonly operator: 'is' | 'isNot'; readonly value: string | number | boolean; readonly type?: never }
    | { readonly operator: 'is' | 'isNot'; readonly value: string; readonly type: 'date' }
  );
/** Exact, upper and lower case apart; `contains` also finds an element of a list. */
type TextComparison = Of & { readonly operator: 'contains' | 'startsWith' | 'endsWith'; readonly value: string };
type NumberComparison = Of & {
  readonly operator: 'lessThan' | 'lessThanOrEqual' | 'greaterThan' | 'greaterThanOrEqual';
  readonly value: number;
};
/** ISO date or time. A date without a time is the whole day in UTC: `until` includes it, `after` begins behind it. */
type DateComparison = Of & { readonly operator: 'before' | 'until' | 'since' | 'after'; readonly value: string };
/** Seen from the moment of evaluation. `willBeIn` and `was` mean the day that far away, in UTC. */
export type RelativeDate = Of & {
  readonly operator: 'willBeIn' | 'willBeWithin' | 'willBeMoreThan' | 'was' | 'wasWithin' | 'wasMoreThan';
  readonly value: DurationText;
};
export type Unary = Of & { readonly operator: 'isEmpty' | 'isNotEmpty' | 'isToday'; readonly value?: never };

/** One comparison. A property that is missing `isEmpty` and `isNot` anything; every other comparison with it is false. */
export type Comparison = Equality | TextComparison | NumberComparison | DateComparison | RelativeDate | Unary;

/** A comparison, or several of which `all` or `any` must hold. */
export type Condition = Comparison | { readonly all: readonly Condition[] } | { readonly any: readonly Condition[] };

export type Operator = Comparison['operator'];
export type Properties = Readonly<Record<string, unknown>>;
