// What the steps of one workflow execution remember. Temporal evaluates modules anew for every execution, so a module
// variable belongs to one execution; everything here follows from code and history alone, hence it survives replay.
import type { CancellationScope } from '@temporalio/workflow';
import type { EventSignal, OptOutSignal, ReplySignal } from '../../src/domain/step-activities.js';

export type OptOutHandler = (optOut: OptOutSignal) => void | Promise<void>;

export interface FlowState {
  /** Set once a module with steps was loaded; workflows without steps are left entirely alone. */
  loadedBy: string | undefined;
  handlersInstalled: boolean;
  /** Set when the plugin's interceptor runs the workflow, so that an opt-out can end it from anywhere. */
  guardedBy: string | undefined;
  /** True once the workflow function has had its first turn. */
  begun: boolean;
  /** Sends without a key of their own, counted in the order of the code. */
  sends: number;
  /** Contacts that a step of this run has named: their opt-outs concern this flow. */
  readonly named: Set<string>;
  /** Contacts of the run that this one continues; they are this run's until it names its own. */
  readonly inherited: Set<string>;
  /** Contacts whose replies and opt-outs are known to find this workflow. */
  readonly registered: Set<string>;
  readonly replies: ReplySignal[];
  readonly events: EventSignal[];
  /** Opt-outs of contacts that no step has named yet. */
  readonly waitingOptOuts: OptOutSignal[];
  /** Ids of what has arrived, since a signal may be delivered more than once. */
  readonly seen: Set<string>;
  /** Permits whose hold is over. */
  readonly released: Set<string>;
  readonly optOutHandlers: Map<string, OptOutHandler>;
  runningHandlers: number;
  /** What an opt-out cancels. */
  readonly scopes: Set<CancellationScope>;
  /** The opt-out that ends this flow. */
  stoppedBy: OptOutSignal | undefined;
}

export const flow: FlowState = {
  loadedBy: undefined,
  handlersInstalled: false,
  guardedBy: undefined,
  begun: false,
  sends: 0,
  named: new Set(),
  inherited: new Set(),
  registered: new Set(),
  replies: [],
  events: [],
  waitingOptOuts: [],
  seen: new Set(),
  released: new Set(),
  optOutHandlers: new Map(),
  runningHandlers: 0,
  scopes: new Set(),
  stoppedBy: undefined,
};
