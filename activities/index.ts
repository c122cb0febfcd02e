// All activities of the shared workers, composed from what each capability offers.
import type { ActivityDeps } from './deps.js';
import { createAutoReplyActivities } from './auto-reply.js';
import { createBroadcastActivities } from './broadcast.js';
import { createConfirmActivities } from './confirm.js';
import { createContactActivities } from './contact.js';
import { createEventActivities } from './events.js';
import { failing } from './failures.js';
import { createForwardActivities } from './forward.js';
import { beating } from './heartbeat.js';
import { createInboundActivities } from './inbound.js';
import { createOptOutActivities } from './opt-out.js';
import { createOutboxActivities } from './outbox.js';
import { createSendActivities } from './send.js';
import { createSweepActivities } from './sweep.js';

export type { ActivityDeps, TemporalAccess } from './deps.js';

export function createActivities(deps: ActivityDeps) {
  return failing({
    ...beating({
      ...createSendActivities(deps),
      ...createContactActivities(deps),
      ...createOptOutActivities(deps),
      ...createInboundActivities(deps),
      ...createOutboxActivities(deps),
      ...createConfirmActivities(deps),
      ...createAutoReplyActivities(deps),
      ...createForwardActivities(deps),
      ...createEventActivities(deps),
      ...createSweepActivities(deps),
    }),
    // Pages tell how far they are with each beat of their own.
    ...createBroadcastActivities(deps),
  });
}

export type Activities = ReturnType<typeof createActivities>;
