// Package entry `temporal-blocklist/workflow`: the steps of flows written in TypeScript. Reaches nothing but Temporal's
// workflow API and pure rules, so it can be bundled.
export { checkBlocklist, type BlocklistCheck } from './check-blocklist.js';
export { evaluateEvent, type Evaluation, type EventRule } from './evaluate-event.js';
export type { OptOutHandler } from './flow-state.js';
export type { Message } from './message.js';
export { onOptOut } from './on-opt-out.js';
export { optIn, optOut, type OptRequest, type OptScope } from './opt-out.js';
export type { OptedOut } from './run-flow.js';
export { sendMessage, type MessageOutcome } from './send-message.js';
export { waitForEvent, type AwaitedEvent, type EventWait } from './wait-for-event.js';
export { waitForReply, type Reply, type ReplyWait } from './wait-for-reply.js';
export type { Contact } from '../../src/domain/contact.js';
export type { EntryChannel, SendingChannel } from '../../src/domain/channel.js';
export type { Explanation, HoldReason, SendOutcome } from '../../src/domain/outcome.js';
export type { OptOutSignal, OptResult, QuietHours } from '../../src/domain/step-activities.js';
