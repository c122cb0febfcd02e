// Listening to the shared workers. Done when a step first runs, or when the first of their signals arrives, whichever is
// earlier: a workflow that never uses a step offers no handlers to operators.
import { setHandler } from '@temporalio/workflow';
import { FLOW_SIGNALS } from '../../src/domain/names.js';
import { flow } from './flow-state.js';
import { deliver } from './mailbox.js';
import { receiveOptOut } from './opt-out-signal.js';
import { eventSignal, optOutSignal, releasedSignal, replySignal } from './signals.js';

const NAMES: ReadonlySet<string> = new Set(Object.values(FLOW_SIGNALS));

export function installSignalHandlers(): void {
  if (flow.handlersInstalled) return;
  flow.handlersInstalled = true;
  // Setting a handler delivers what was waiting for it. Opt-outs last: the rest of their batch should be there.
  setHandler(releasedSignal, ({ permitId }) => void flow.released.add(permitId), {
    description: 'A message that was held may go on. Sent by the shared blocklist workers.',
  });
  setHandler(replySignal, (reply) => deliver(flow.replies, `reply ${reply.inboxId}`, reply), {
    description: 'A contact of this flow has replied. Sent by the shared blocklist workers.',
  });
  setHandler(eventSignal, (event) => deliver(flow.events, `event ${event.eventId}`, event), {
    description: 'A contact of this flow did something. Sent by the shared blocklist workers.',
  });
  setHandler(optOutSignal, receiveOptOut, {
    description:
      'A contact of this flow has opted out: the flow ends, or does what it set for that. Sent by the shared workers.',
  });
}

/** True for a signal that only this module understands. */
export function isFlowSignal(name: string | null | undefined): boolean {
  return name !== null && name !== undefined && NAMES.has(name);
}
