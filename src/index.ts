// Package entry `temporal-blocklist`: what workers and services use. Workflow code imports `temporal-blocklist/workflow`.
export type { EntryChannel, SendingChannel } from './domain/channel.js';
export { CODES, blockedCode, type ErrorDetail, type OutcomeCode, type StatusCode } from './domain/codes.js';
export type { Contact } from './domain/contact.js';
export { BlocklistError, InvalidInputError, type ErrorCode, type Violation } from './domain/errors.js';
export { listUnsubscribeHeaders } from './domain/list-unsubscribe.js';
export { ACTIVITY_NAMES, FLOW_SIGNALS, SEARCH_ATTRIBUTES, TASK_QUEUES, WORKFLOW_TYPES } from './domain/names.js';
export type { Explanation, HoldReason, MessageState, SendOutcome } from './domain/outcome.js';
export type { Covers, Level, Purpose, Source } from './domain/scope.js';
export type { ContactEvent, FindResult, OptResult, ReceiveResult } from './domain/step-activities.js';
export { BlocklistPlugin, type BlocklistPluginOptions } from './plugin/blocklist-plugin.js';
export { BlocklistClient, type CheckQuestion, type InboundReply, type OptCommand } from './plugin/client.js';
export type { BlocklistClientOptions } from './plugin/client-options.js';
export { BlocklistCodec } from './plugin/codec.js';
export { decodePayloadsJson, encodePayloadsJson, type JsonPayload, type JsonPayloads } from './plugin/codec-json.js';
export { parseCodecKeys, type CodecKey } from './plugin/codec-keys.js';
export { searchAttributes } from './plugin/search-attributes.js';
export type { ServeOptions } from './plugin/served-workers.js';
