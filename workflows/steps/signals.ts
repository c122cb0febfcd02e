// The signals a hand-written flow receives from the shared workers.
import { defineSignal } from '@temporalio/workflow';
import { FLOW_SIGNALS } from '../../src/domain/names.js';
import type { EventSignal, OptOutSignal, ReleasedSignal, ReplySignal } from '../../src/domain/step-activities.js';

export const optOutSignal = defineSignal<[OptOutSignal]>(FLOW_SIGNALS.optOut);
export const replySignal = defineSignal<[ReplySignal]>(FLOW_SIGNALS.reply);
export const eventSignal = defineSignal<[EventSignal]>(FLOW_SIGNALS.event);
export const releasedSignal = defineSignal<[ReleasedSignal]>(FLOW_SIGNALS.released);
