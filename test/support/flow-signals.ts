// Signals as the shared workers send them, made by hand where a test needs the very same one twice, or one at a very moment.
import type { Contact } from '../../src/domain/contact.js';
import type { OptOutSignal, ReplySignal } from '../../src/domain/step-activities.js';

const AT = '2027-03-01T10:00:00Z';

export function optOutSignal(contact: Contact): OptOutSignal {
  return { contactId: contact.id, eventId: '77', source: 'MO', campaign: 'spring-2027', at: AT };
}

export function replySignal(contact: Contact, text: string): ReplySignal {
  return { contactId: contact.id, inboxId: `inbox ${text}`, text, keyword: text.toUpperCase(), receivedAt: AT };
}
