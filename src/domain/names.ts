// Wire format: names that workers, clients and histories of other processes and other days rely on. Add, never rename.

/** Task queues of the shared workers: single sends, opt-outs and inbound; pages of broadcasts. */
export const TASK_QUEUES = { single: 'blocklist', bulk: 'blocklist-bulk' } as const;

/** Workflow types of the ready workflows. */
export const WORKFLOW_TYPES = {
  inbound: 'blocklistInbound',
  broadcast: 'blocklistBroadcast',
  confirmation: 'blocklistConfirmation',
  autoReply: 'blocklistAutoReply',
  forwarding: 'blocklistForwarding',
  events: 'blocklistEvents',
  sweep: 'blocklistSweep',
  request: 'blocklistRequest',
} as const;

/** Activities of the shared workers. A team's own worker must not use these names for others. */
export const ACTIVITY_NAMES = [
  'blocklistCheck',
  'blocklistDispatch',
  'blocklistFind',
  'blocklistRegisterFlow',
  'blocklistOptOut',
  'blocklistOptIn',
  'blocklistReceive',
  'blocklistDrain',
  'blocklistRecordEvent',
  'blocklistContact',
  'blocklistChange',
  'blocklistStartBroadcast',
  'blocklistSendPage',
  'blocklistSetBroadcastStatus',
  'blocklistBroadcastProgress',
  'blocklistConfirm',
  'blocklistAnswer',
  'blocklistForward',
  'blocklistDeliverEvents',
  'blocklistSweepOnce',
  'blocklistDeliverOutbox',
] as const;

/** Signals that the shared workers send to hand-written flows. */
export const FLOW_SIGNALS = {
  optOut: 'blocklistOptOut',
  reply: 'blocklistReply',
  event: 'blocklistEvent',
  released: 'blocklistReleased',
} as const;

/** Messages that the ready workflows take. */
export const INBOUND_MESSAGES = {
  /** Signal: there is something to read. */
  wake: 'blocklistWake',
  /** Signal: the events themselves; they count from their drain. */
  signal: 'blocklistSignal',
  /** Update: the events themselves; they count from the answer. */
  receive: 'blocklistReceive',
} as const;

export const EVENTS_MESSAGES = {
  /** Signal: there is something to deliver. */
  wake: 'blocklistWakeEvents',
} as const;

export const BROADCAST_MESSAGES = {
  pause: 'blocklistPause',
  resume: 'blocklistResume',
  cancel: 'blocklistCancel',
  progress: 'blocklistProgress',
} as const;

/** Search attributes, all Keyword. They are never encrypted, so they hold ids and references only. */
export const SEARCH_ATTRIBUTES = {
  account: 'BlocklistAccount',
  flow: 'BlocklistFlow',
  campaign: 'BlocklistCampaign',
  phase: 'BlocklistPhase',
} as const;

/** The name by which the server, and the check against double registration, know the plugin. */
export const PLUGIN_NAME = 'temporal-blocklist.BlocklistPlugin';
