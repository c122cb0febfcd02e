// Lets a flow go on, its own way, after a contact has opted out.
import type { Contact } from '../../src/domain/contact.js';
import type { OptOutHandler } from './flow-state.js';
import { InputCheck } from './input-check.js';
import { handleOptOuts } from './opt-out-signal.js';
import { step } from './step.js';
import { ensureRegistered } from './step-activities.js';

/**
 * Run `handler` when `contact` opts out, instead of ending the flow. Call it before the first step that names the contact.
 * The flow ends only after the handler has. From then on sends to the contact are `blocked`, unless it opts in again.
 *
 * @example
 * await onOptOut(contact, async (optOut) => closeTicket(contact.id, optOut.campaign));
 */
export async function onOptOut(contact: Contact, handler: OptOutHandler): Promise<void> {
  const input = new InputCheck('onOptOut', { contact });
  input.contact(contact, 'contact');
  input.require(typeof handler === 'function', 'handler', 'must be a function');
  input.done();
  return step(async () => {
    await handleOptOuts(contact, handler);
    await ensureRegistered(contact);
  });
}
