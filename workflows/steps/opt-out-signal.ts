// What an opt-out does to a running flow. Default: it stops. With a handler of the contact's own: the handler runs.
import type { Contact } from '../../src/domain/contact.js';
import type { OptOutSignal } from '../../src/domain/step-activities.js';
import { flow, type OptOutHandler } from './flow-state.js';
import { isNew } from './mailbox.js';

/** Handle the signal. An opt-out of a contact that no step has named yet waits for the step that does. */
export async function receiveOptOut(optOut: OptOutSignal): Promise<void> {
  if (!isNew(`opt-out ${optOut.eventId}`)) return;
  const handler = flow.optOutHandlers.get(optOut.contactId);
  if (handler !== undefined) return runHandler(handler, optOut);
  if (isMine(optOut)) stop(optOut);
  else flow.waitingOptOuts.push(optOut);
}

/** Say that this flow is about `contact`. An opt-out that came before takes effect now. */
export function nameContact(contact: Contact): void {
  flow.named.add(contact.id);
  const [earlier] = takeWaiting(contact);
  if (earlier !== undefined && !flow.optOutHandlers.has(contact.id)) stop(earlier);
}

/** Let `handler` run instead of stopping, for opt-outs that have arrived already too. */
export async function handleOptOuts(contact: Contact, handler: OptOutHandler): Promise<void> {
  flow.optOutHandlers.set(contact.id, handler);
  flow.named.add(contact.id);
  for (const earlier of takeWaiting(contact)) await runHandler(handler, earlier);
}

/**
 * Begin to act on opt-outs of contacts that the run before this one named. Not before the workflow function had its first
 * turn: it may want to handle them itself.
 */
export function beginToListen(): void {
  flow.begun = true;
  const earlier = flow.waitingOptOuts.find(isMine);
  if (earlier !== undefined) stop(earlier);
}

function isMine({ contactId }: OptOutSignal): boolean {
  return flow.named.has(contactId) || (flow.begun && flow.named.size === 0 && flow.inherited.has(contactId));
}

function stop(optOut: OptOutSignal): void {
  // A flow that is being cancelled, or has stopped, ends as it has begun to.
  if (
    flow.stoppedBy !== undefined ||
    (flow.guardedBy !== undefined && [...flow.scopes].some((scope) => scope.consideredCancelled))
  )
    return;
  flow.stoppedBy = optOut;
  for (const scope of flow.scopes) scope.cancel();
}

async function runHandler(handler: OptOutHandler, optOut: OptOutSignal): Promise<void> {
  flow.runningHandlers += 1;
  try {
    await handler(optOut);
  } finally {
    flow.runningHandlers -= 1;
  }
}

function takeWaiting(contact: Contact): OptOutSignal[] {
  const mine = flow.waitingOptOuts.filter((optOut) => optOut.contactId === contact.id);
  for (const optOut of mine) flow.waitingOptOuts.splice(flow.waitingOptOuts.indexOf(optOut), 1);
  return mine;
}
