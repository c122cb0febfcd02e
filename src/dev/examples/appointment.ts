// Example: keep a slot for somebody, ask twice whether it is fine, and free it again unless the answer is yes. Shown in the README.
import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import { sendMessage, waitForReply, type Contact } from '../../../workflows/steps/index.js';

export interface Calendar {
  reserveSlot(contactId: string, slot: string): Promise<void>;
  freeSlot(contactId: string, slot: string): Promise<void>;
}

const { reserveSlot, freeSlot } = proxyActivities<Calendar>({ startToCloseTimeout: '10 seconds' });

const QUESTIONS = ['Is your appointment fine for you? Reply YES or NO.', 'We still need to know: YES or NO?'];

export async function arrangeAppointment(
  contact: Contact,
  slot: string,
): Promise<'confirmed' | 'declined' | 'unanswered'> {
  await reserveSlot(contact.id, slot);
  let isConfirmed = false;
  try {
    for (const text of QUESTIONS) {
      const question = await sendMessage({ to: contact, channel: 'VIBER', sender: 'Clinic', purpose: 'SERVICE', text });
      if (question.outcome !== 'sent') break;
      const reply = await waitForReply({ replyTo: question, timeout: '4 hours' });
      if (reply.timedOut) continue;
      isConfirmed = reply.keyword === 'YES';
      return isConfirmed ? 'confirmed' : 'declined';
    }
    return 'unanswered';
  } finally {
    // Runs as well when the person opts out in the middle: the flow ends as opted out, and the slot is free.
    if (!isConfirmed) await CancellationScope.nonCancellable(() => freeSlot(contact.id, slot));
  }
}
