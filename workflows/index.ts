// The ready workflows of the shared workers. Every function exported here is a workflow type.
export { blocklistAutoReply } from './auto-reply.js';
export { blocklistBroadcast } from './broadcast.js';
export { blocklistConfirmation } from './confirmation.js';
export { blocklistEvents } from './events.js';
export { blocklistForwarding } from './forwarding.js';
export { blocklistInbound } from './inbound.js';
export { blocklistRequest } from './request.js';
export { blocklistSweep } from './sweep.js';
