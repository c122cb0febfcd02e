// The flow that is measured: one send step, as a designer writes it.
import { sendMessage, type Contact } from '../../../workflows/steps/index.js';

export async function sendOnce(contact: Contact, text: string): Promise<string> {
  const sent = await sendMessage({ to: contact, channel: 'SMS', sender: '10950', campaign: 'bench', text });
  return sent.outcome;
}
