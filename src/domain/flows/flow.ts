// What a flow is: who enters it, by which rules, and the elements they pass through.
import type { SendingChannel } from '../channel.js';
import type { Condition } from '../condition.js';
import type { DurationText } from '../duration.js';
import type { FlowElement, Value } from './elements.js';

/** Where people come in. At most one audience; the others may repeat. */
export type EntryPoint =
  /** Everyone with the tag or in the segment: those at launch, or those who come to match later as well. */
  | ({ readonly type: 'audience'; readonly mode: 'once' | 'continuous' } & (
      { readonly tag: string; readonly where?: Condition } | { readonly tag?: never; readonly where: Condition }
    ))
  | { readonly type: 'event'; readonly event: string; readonly where?: Condition }
  | {
      readonly type: 'inboundMessage';
      readonly channel: SendingChannel;
      /** Our number or name that was written to. */
      readonly sender: string;
      /** Absent: any text that no other keyword takes. */
      readonly keyword?: string;
    }
  | { readonly type: 'api' }
  /** People whom the flow of that name hands over. */
  | { readonly type: 'flow'; readonly flow: string }
  /** ISO time, or a date attribute of the person. */
  | { readonly type: 'date'; readonly at: string }
  | { readonly type: 'date'; readonly attribute: string; readonly yearly?: boolean };

export interface FlowSettings {
  /** May a person come again after leaving? Default true. */
  readonly reEntry?: boolean;
  /** How long after leaving. */
  readonly reEntryDelay?: DurationText;
  readonly entryLimits?: readonly { readonly entries: number; readonly per: DurationText }[];
  /** May a person enter while still inside? Default false. */
  readonly simultaneous?: boolean;
  /** Without a time zone: the person's own. */
  readonly quietHours?: { readonly from: string; readonly to: string; readonly timeZone?: string };
  readonly frequencyCap?: {
    readonly messages: number;
    readonly per: DurationText;
    /** What happens over it; default `hold`. */
    readonly over?: 'hold' | 'block';
  };
  /** ISO times: nobody enters before the first or after the second. */
  readonly startAt?: string;
  readonly stopAt?: string;
  /** The event that means the person did what the flow is for; they leave it. */
  readonly goal?: string;
}

/** A flow whose element ids are `Id`. */
export interface Flow<Id extends string = string> {
  readonly name: string;
  /** Campaign reference: sends and opt-outs are counted under it. */
  readonly campaign: string;
  /** Account key; default the default account. */
  readonly account?: string;
  /** The first element. */
  readonly start: NoInfer<Id>;
  /** Where a person goes who opts out on the way; without it the journey ends. */
  readonly onOptOut?: NoInfer<Id>;
  readonly entry: readonly EntryPoint[];
  readonly settings?: FlowSettings;
  /** Flow variables with their first values. */
  readonly variables?: Readonly<Record<string, Value>>;
  readonly elements: { readonly [Element in Id]: FlowElement<NoInfer<Id>> };
}

/** A flow that was checked: plain JSON, frozen. */
export type FlowDefinition = Flow<string>;
